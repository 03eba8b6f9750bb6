// Files in memory for whoever imports WASI 0.3, with descriptors of its own. The functions that give streams
// are sync: a task of an async one, which stays behind when it has returned, moves what is in them. MODE says
// how it misbehaves: "trap": in the middle of a file · "fail": streams end with `insufficient-space` ·
// "other": with an error that 0.2 cannot say · "endless": files have no end · "time": a time that is none ·
// "early": times before all that 0.2 can say · "spin": never answers to stat · "idle": never reads what is
// written over a file's beginning.
#include "files.h"

typedef files_string_t string_t;
typedef files_list_tuple2_string_string_t variables_t;
#include "memory_files.h"
#include "mode.h"

typedef exports_wasi_filesystem_types_error_code_t code_t;
typedef exports_wasi_filesystem_types_borrow_descriptor_t self_t;
typedef exports_wasi_filesystem_types_result_void_error_code_t result_t;
typedef exports_wasi_filesystem_types_directory_entry_t entry_t;
typedef files_callback_code_t next_t;

struct exports_wasi_filesystem_types_descriptor_t {
  node_t* node;
  uint8_t flags;
};

enum { kBehind = 37, kCaseOther = 36 };  // would-block of 0.2 has no number in 0.3

static code_t code_of(int error) {
  code_t code = {.tag = (uint8_t)(error > 2 ? error - 2 : error - 1)};
  if (error == kBehind) {
    code.tag = kCaseOther;
    code.val.other.is_some = true;
    files_string_dup(&code.val.other.val, "beyond words");
  }
  return code;
}

static result_t outcome(int error) {
  result_t result = {.is_err = error != 0};
  if (error) result.val.err = code_of(error);
  return result;
}

// ---- streams

typedef struct flow {
  struct flow* next;
  enum { kGives, kTakes, kLists, kTells } does;
  uint32_t end;     // of the stream, then of the future
  uint32_t future;  // its writable end
  node_t* node;
  uint64_t offset;
  bool appends;
  uint8_t* bytes;
  size_t size;  // of what is offered in `bytes`
  entry_t* entries;
  result_t result;
} flow_t;

enum { kPiece = 50000 };

static flow_t* flows;
static files_waitable_set_t set;

static void forget(flow_t* flow) {
  for (flow_t** at = &flows; *at; at = &(*at)->next) {
    if (*at != flow) continue;
    *at = flow->next;
    break;
  }
  free(flow->bytes);
  free(flow->entries);
  free(flow);
}

/// Begins the next operation; its status.
static uint32_t begin(flow_t* flow) {
  switch (flow->does) {
    case kGives:
      flow->size = there(flow->node, flow->offset, kPiece);
      if (flow->size == 0 && mode_is("endless")) flow->offset = 0, flow->size = there(flow->node, 0, kPiece);
      memcpy(flow->bytes, flow->node->bytes + flow->offset, flow->size);
      return exports_wasi_filesystem_types_stream_u8_write(flow->end, flow->bytes, flow->size);
    case kTakes:
      if (flow->offset == 0 && !flow->appends && flow->node->size > 0 && mode_is("idle"))
        return FILES_WAITABLE_STATUS_BLOCKED;
      return exports_wasi_filesystem_types_stream_u8_read(flow->end, flow->bytes, kPiece);
    case kLists:
      return exports_wasi_filesystem_types_stream_directory_entry_write(
          flow->end, flow->entries + flow->offset, flow->size - flow->offset);
    default:
      return exports_wasi_filesystem_types_future_result_void_error_code_write(flow->end, &flow->result);
  }
}

static void tell(flow_t* flow, int error) {
  switch (flow->does) {
    case kGives:
      exports_wasi_filesystem_types_stream_u8_drop_writable(flow->end);
      break;
    case kTakes:
      exports_wasi_filesystem_types_stream_u8_drop_readable(flow->end);
      break;
    default:
      exports_wasi_filesystem_types_stream_directory_entry_drop_writable(flow->end);
      break;
  }
  if (!error && mode_is("fail")) error = kNoSpace;
  if (!error && mode_is("other")) error = kBehind;
  flow->does = kTells;
  flow->end = flow->future;
  flow->result = outcome(error);
}

/// Whether there is nothing left to offer.
static bool exhausted(const flow_t* flow) {
  if (flow->does == kGives)
    return flow->offset >= flow->node->size && !(mode_is("endless") && flow->node->size > 0);
  return flow->does == kLists && flow->offset == flow->size;
}

/// Goes on while operations end at once. False: it is over.
static bool go_on(flow_t* flow, uint32_t status) {
  while (status != FILES_WAITABLE_STATUS_BLOCKED) {
    const uint32_t count = FILES_WAITABLE_COUNT(status);
    const bool dropped = FILES_WAITABLE_STATE(status) != FILES_WAITABLE_COMPLETED;
    if (flow->does == kTells) {
      exports_wasi_filesystem_types_future_result_void_error_code_drop_writable(flow->end);
      return false;
    }
    int error = 0;
    if (flow->does == kGives && mode_is("trap") && flow->offset > 0) __builtin_trap();
    if (flow->does == kTakes) {
      if (mode_is("trap") && flow->offset > 0) __builtin_trap();
      error = put(flow->node, flow->bytes, count, flow->appends ? flow->node->size : flow->offset);
    }
    flow->offset += count;
    if (error || dropped || exhausted(flow)) tell(flow, error);
    status = begin(flow);
  }
  files_waitable_join(flow->end, set);
  return true;
}

static uint32_t start(flow_t flow, int error) {
  exports_wasi_filesystem_types_future_result_void_error_code_writer_t writer;
  const uint32_t future = exports_wasi_filesystem_types_future_result_void_error_code_new(&writer);
  if (!set) set = files_waitable_set_new();
  flow_t* const made = malloc(sizeof *made);
  *made = flow;
  made->future = writer;
  made->next = flows;
  flows = made;
  if (made->does != kLists) made->bytes = malloc(kPiece);
  if (error || exhausted(made)) tell(made, error);
  if (!go_on(made, begin(made))) forget(made);
  return future;
}

/// The task that moves streams stays until its instance ends.
static bool has_mover;

static next_t leave(void) {
  if (has_mover) return FILES_CALLBACK_CODE_EXIT;
  if (!set) set = files_waitable_set_new();
  has_mover = true;
  return FILES_CALLBACK_CODE_WAIT(set);
}

static next_t move(const files_event_t* event) {
  if (event->event == FILES_EVENT_CANCEL) abort();
  for (flow_t* flow = flows; flow; flow = flow->next) {
    if (flow->end != event->waitable) continue;
    files_waitable_join(flow->end, 0);
    if (!go_on(flow, event->code)) forget(flow);
    break;
  }
  return FILES_CALLBACK_CODE_WAIT(set);
}

void exports_wasi_filesystem_types_method_descriptor_read_via_stream(
    self_t self, uint64_t offset,
    exports_wasi_filesystem_types_tuple2_stream_u8_future_result_void_error_code_t* ret) {
  uint32_t writer;
  ret->f0 = exports_wasi_filesystem_types_stream_u8_new(&writer);
  ret->f1 = start((flow_t){.does = kGives, .end = writer, .node = self->node, .offset = offset},
                  check(self->node, self->flags, kReads, offset));
}
uint32_t exports_wasi_filesystem_types_method_descriptor_write_via_stream(self_t self, uint32_t data,
                                                                          uint64_t offset) {
  return start((flow_t){.does = kTakes, .end = data, .node = self->node, .offset = offset},
               check(self->node, self->flags, kWrites, offset));
}
uint32_t exports_wasi_filesystem_types_method_descriptor_append_via_stream(self_t self, uint32_t data) {
  return start((flow_t){.does = kTakes, .end = data, .node = self->node, .appends = true},
               check(self->node, self->flags, kWrites, 0));
}

static exports_wasi_filesystem_types_descriptor_type_t type_of(const node_t* node) {
  exports_wasi_filesystem_types_descriptor_type_t type = {0};
  type.tag = node->kind == kFolder ? EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY
             : node->kind == kLink ? EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SYMBOLIC_LINK
                                   : EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE;
  return type;
}

void exports_wasi_filesystem_types_method_descriptor_read_directory(
    self_t self,
    exports_wasi_filesystem_types_tuple2_stream_directory_entry_future_result_void_error_code_t* ret) {
  uint32_t writer;
  ret->f0 = exports_wasi_filesystem_types_stream_directory_entry_new(&writer);
  flow_t flow = {.does = kLists, .end = writer, .node = self->node};
  if (self->node->kind == kFolder) {
    flow.entries = malloc(kNames * sizeof *flow.entries);
    size_t at = 0;
    for (const entry_name_t* name; (name = next_child(self->node->path, &at)) != NULL;) {
      entry_t* const entry = &flow.entries[flow.size++];
      entry->type = type_of(name->node);
      files_string_dup(&entry->name, last_of(name->path));
    }
  }
  ret->f1 = start(flow, self->node->kind == kFolder ? 0 : kNotDirectory);
}

// ---- the rest

static exports_wasi_filesystem_types_own_descriptor_t opened(node_t* node, uint8_t flags) {
  exports_wasi_filesystem_types_descriptor_t* const made = malloc(sizeof *made);
  made->node = node;
  made->flags = flags;
  return exports_wasi_filesystem_types_descriptor_new(made);
}
void exports_wasi_filesystem_types_descriptor_destructor(exports_wasi_filesystem_types_descriptor_t* self) {
  free(self);
}

void exports_wasi_filesystem_preopens_get_directories(
    exports_wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t* out) {
  out->ptr = malloc(sizeof *out->ptr);
  out->len = 1;
  out->ptr[0].f0 = opened(root_node(), EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ |
                                           EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_MUTATE_DIRECTORY);
  files_string_dup(&out->ptr[0].f1, "/data");
}

#define CALLBACK(name)                                                                             \
  next_t exports_wasi_filesystem_types_method_descriptor_##name##_callback(files_event_t* event) { \
    return move(event);                                                                            \
  }
/// A function that fails or not; its parameters come first.
#define VOID(name, error, ...)                                                       \
  next_t exports_wasi_filesystem_types_method_descriptor_##name(__VA_ARGS__) {       \
    exports_wasi_filesystem_types_method_descriptor_##name##_return(outcome(error)); \
    return leave();                                                                  \
  }                                                                                  \
  CALLBACK(name)
/// One that sets `result.val.ok` in `error`.
#define VALUE(name, type, error, ...)                                          \
  next_t exports_wasi_filesystem_types_method_descriptor_##name(__VA_ARGS__) { \
    exports_wasi_filesystem_types_result_##type##_error_code_t result = {0};   \
    const int failed = error;                                                  \
    result.is_err = failed != 0;                                               \
    if (failed) result.val.err = code_of(failed);                              \
    exports_wasi_filesystem_types_method_descriptor_##name##_return(result);   \
    return leave();                                                            \
  }                                                                            \
  CALLBACK(name)

typedef exports_wasi_filesystem_types_path_flags_t follow_t;
typedef exports_wasi_filesystem_types_new_timestamp_t* time_of_t;

VOID(advise, ((void)self, (void)offset, (void)length, (void)advice, 0), self_t self, uint64_t offset,
     uint64_t length, exports_wasi_filesystem_types_advice_t advice)
VOID(sync_data, ((void)self, 0), self_t self)
VOID(sync, ((void)self, 0), self_t self)
VOID(set_size, resize(self->node, size), self_t self, uint64_t size)

static int set_times(node_t* node, time_of_t time) {
  if (time->tag == EXPORTS_WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP)
    node->seconds = (uint64_t)time->val.timestamp.seconds;
  return 0;
}
static int set_times_of(self_t self, const string_t* path, time_of_t time) {
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  return error ? error : set_times(node, time);
}
VOID(set_times, ((void)accessed, set_times(self->node, modified)), self_t self, time_of_t accessed,
     time_of_t modified)
VOID(set_times_at, ((void)follow, (void)accessed, set_times_of(self, path, modified)), self_t self,
     follow_t follow, files_string_t* path, time_of_t accessed, time_of_t modified)

static int new_node(self_t self, const string_t* path, int kind, const string_t* bytes) {
  node_t* made;
  const int error = create(self->node, path->ptr, path->len, kind, &made);
  return error || !bytes ? error : put(made, bytes->ptr, bytes->len, 0);
}
VOID(create_directory_at, new_node(self, path, kFolder, NULL), self_t self, files_string_t* path)
VOID(symlink_at, new_node(self, path, kLink, target), self_t self, files_string_t* target,
     files_string_t* path)
VOID(link_at,
     follow ? kInvalid
            : name_again(self->node, path->ptr, path->len, to->node, new_path->ptr, new_path->len, false),
     self_t self, follow_t follow, files_string_t* path, self_t to, files_string_t* new_path)
VOID(remove_directory_at, remove_node(self->node, path->ptr, path->len, true), self_t self,
     files_string_t* path)
VOID(unlink_file_at, remove_node(self->node, path->ptr, path->len, false), self_t self, files_string_t* path)
VOID(rename_at, name_again(self->node, path->ptr, path->len, to->node, new_path->ptr, new_path->len, true),
     self_t self, files_string_t* path, self_t to, files_string_t* new_path)

VALUE(get_flags, descriptor_flags, (result.val.ok = self->flags, 0), self_t self)
VALUE(get_type, descriptor_type, (result.val.ok = type_of(self->node), 0), self_t self)

static exports_wasi_filesystem_types_descriptor_stat_t stat_of(const node_t* node) {
  if (mode_is("spin"))
    for (volatile unsigned turns = 0;; ++turns) {
    }
  exports_wasi_filesystem_types_descriptor_stat_t stat = {
      .type = type_of(node), .link_count = 1, .size = node->size};
  stat.data_modification_timestamp.is_some = true;
  stat.data_modification_timestamp.val.seconds = mode_is("early") ? -5 : (int64_t)node->seconds;
  stat.data_modification_timestamp.val.nanoseconds = mode_is("time") ? 1000000000 : 7;
  return stat;
}
static int stat_at(self_t self, const string_t* path, exports_wasi_filesystem_types_descriptor_stat_t* stat) {
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  if (!error) *stat = stat_of(node);
  return error;
}
VALUE(stat, descriptor_stat, (result.val.ok = stat_of(self->node), 0), self_t self)
VALUE(stat_at, descriptor_stat, ((void)follow, stat_at(self, path, &result.val.ok)), self_t self,
      follow_t follow, files_string_t* path)

static int open_at(self_t self, const string_t* path, unsigned how, uint8_t flags,
                   exports_wasi_filesystem_types_own_descriptor_t* out) {
  node_t* node;
  const int error = open_node(self->node, path->ptr, path->len, how, &node);
  if (!error) *out = opened(node, flags);
  return error;
}
VALUE(open_at, own_descriptor, ((void)follow, open_at(self, path, how, flags, &result.val.ok)), self_t self,
      follow_t follow, files_string_t* path, exports_wasi_filesystem_types_open_flags_t how,
      exports_wasi_filesystem_types_descriptor_flags_t flags)

static int target_of(self_t self, const string_t* path, files_string_t* out) {
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  if (error || node->kind != kLink) return error ? error : kInvalid;
  out->len = node->size;
  out->ptr = malloc(node->size + 1);
  memcpy(out->ptr, node->bytes, node->size);
  return 0;
}
VALUE(readlink_at, string, target_of(self, path, &result.val.ok), self_t self, files_string_t* path)

static int hash_of(const node_t* node, exports_wasi_filesystem_types_metadata_hash_value_t* out) {
  out->lower = (uint64_t)(uintptr_t)node;
  out->upper = node->size;
  return 0;
}
static int hash_at(self_t self, const string_t* path,
                   exports_wasi_filesystem_types_metadata_hash_value_t* out) {
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  return error ? error : hash_of(node, out);
}
VALUE(metadata_hash, metadata_hash_value, hash_of(self->node, &result.val.ok), self_t self)
VALUE(metadata_hash_at, metadata_hash_value, ((void)follow, hash_at(self, path, &result.val.ok)), self_t self,
      follow_t follow, files_string_t* path)

next_t exports_wasi_filesystem_types_method_descriptor_is_same_object(self_t self, self_t other) {
  exports_wasi_filesystem_types_method_descriptor_is_same_object_return(self->node == other->node);
  return leave();
}
CALLBACK(is_same_object)
