// Files in memory for whoever imports WASI 0.2, with descriptors and streams of its own. MODE says how it
// misbehaves: "trap": in the middle of a file · "flood": gives more than was asked for · "empty": a stream
// that gives nothing, without end · "fail": streams fail with `quota` · "time": a time that is none ·
// "late": times after all that 0.3 can say · "block": says would-block · "spin": never answers a read ·
// "names": the second name of a folder is too long for anybody.
#include "files.h"

typedef files_string_t string_t;
typedef files_list_tuple2_string_string_t variables_t;
#include "memory_files.h"
#include "mode.h"

typedef exports_wasi_filesystem_types_error_code_t code_t;
typedef exports_wasi_filesystem_types_borrow_descriptor_t self_t;

struct exports_wasi_filesystem_types_descriptor_t {
  node_t* node;
  uint8_t flags;
};
struct exports_wasi_filesystem_types_directory_entry_stream_t {
  char* folder;
  size_t at;
};
struct exports_wasi_io_streams_input_stream_t {
  node_t* node;
  uint64_t offset;
};
struct exports_wasi_io_streams_output_stream_t {
  node_t* node;
  uint64_t offset;  // of no meaning where it appends
  bool appends;
};
struct exports_wasi_io_error_error_t {
  code_t code;
};
struct exports_wasi_io_poll_pollable_t {
  int unused;
};

/// `return answer(error, err);`
static bool answer(int error, code_t* code) {
  *code = (code_t)(error - 1);
  return error == 0;
}

// ---- streams

typedef exports_wasi_io_streams_stream_error_t stream_error_t;

static bool stream_fails(code_t code, stream_error_t* err) {
  exports_wasi_io_error_error_t* const error = malloc(sizeof *error);
  error->code = code;
  err->tag = EXPORTS_WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED;
  err->val.last_operation_failed = exports_wasi_io_error_error_new(error);
  return false;
}

static bool closed(stream_error_t* err) {
  err->tag = EXPORTS_WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
  return false;
}

static void give(const node_t* node, uint64_t offset, size_t count, size_t more, files_list_u8_t* out) {
  out->len = count + more;
  out->ptr = calloc(out->len + 1, 1);
  memcpy(out->ptr, node->bytes + offset, count);
}

bool exports_wasi_io_streams_method_input_stream_read(exports_wasi_io_streams_borrow_input_stream_t self,
                                                      uint64_t len, files_list_u8_t* ret,
                                                      stream_error_t* err) {
  if (mode_is("fail")) return stream_fails(kNoSpace - 1, err);
  if (mode_is("trap") && self->offset > 0) __builtin_trap();
  if (mode_is("spin"))
    for (volatile unsigned turns = 0;; ++turns) {
    }
  if (mode_is("empty")) return give(self->node, 0, 0, 0, ret), true;
  if (self->offset > INT64_MAX) return stream_fails(kInvalid - 1, err);
  const size_t count = there(self->node, self->offset, len);
  if (count == 0 && len > 0) return closed(err);
  give(self->node, self->offset, count, mode_is("flood") ? len : 0, ret);
  self->offset += count;
  return true;
}
bool exports_wasi_io_streams_method_input_stream_blocking_read(
    exports_wasi_io_streams_borrow_input_stream_t self, uint64_t len, files_list_u8_t* ret,
    stream_error_t* err) {
  return exports_wasi_io_streams_method_input_stream_read(self, len, ret, err);
}
bool exports_wasi_io_streams_method_input_stream_skip(exports_wasi_io_streams_borrow_input_stream_t self,
                                                      uint64_t len, uint64_t* ret, stream_error_t* err) {
  *ret = there(self->node, self->offset, len);
  self->offset += *ret;
  return *ret > 0 || len == 0 || closed(err);
}
bool exports_wasi_io_streams_method_input_stream_blocking_skip(
    exports_wasi_io_streams_borrow_input_stream_t self, uint64_t len, uint64_t* ret, stream_error_t* err) {
  return exports_wasi_io_streams_method_input_stream_skip(self, len, ret, err);
}

static exports_wasi_io_poll_own_pollable_t ready(void) {
  return exports_wasi_io_poll_pollable_new(calloc(1, sizeof(exports_wasi_io_poll_pollable_t)));
}
exports_wasi_io_streams_own_pollable_t exports_wasi_io_streams_method_input_stream_subscribe(
    exports_wasi_io_streams_borrow_input_stream_t self) {
  (void)self;
  return ready();
}
exports_wasi_io_streams_own_pollable_t exports_wasi_io_streams_method_output_stream_subscribe(
    exports_wasi_io_streams_borrow_output_stream_t self) {
  (void)self;
  return ready();
}

typedef exports_wasi_io_streams_borrow_output_stream_t out_t;

bool exports_wasi_io_streams_method_output_stream_check_write(out_t self, uint64_t* ret,
                                                              stream_error_t* err) {
  (void)self, (void)err;
  *ret = 4096;
  return true;
}
bool exports_wasi_io_streams_method_output_stream_write(out_t self, files_list_u8_t* contents,
                                                        stream_error_t* err) {
  if (mode_is("fail")) return stream_fails(kNoSpace - 1, err);
  if (mode_is("trap") && self->offset > 0) __builtin_trap();
  const int error =
      put(self->node, contents->ptr, contents->len, self->appends ? self->node->size : self->offset);
  if (error) return stream_fails((code_t)(error - 1), err);
  self->offset += contents->len;
  return true;
}
bool exports_wasi_io_streams_method_output_stream_blocking_write_and_flush(out_t self,
                                                                           files_list_u8_t* contents,
                                                                           stream_error_t* err) {
  if (contents->len > 4096) __builtin_trap();
  return exports_wasi_io_streams_method_output_stream_write(self, contents, err);
}
bool exports_wasi_io_streams_method_output_stream_flush(out_t self, stream_error_t* err) {
  (void)self, (void)err;
  return true;
}
bool exports_wasi_io_streams_method_output_stream_blocking_flush(out_t self, stream_error_t* err) {
  return exports_wasi_io_streams_method_output_stream_flush(self, err);
}
bool exports_wasi_io_streams_method_output_stream_write_zeroes(out_t self, uint64_t len,
                                                               stream_error_t* err) {
  (void)self, (void)len;
  return stream_fails(kUnsupported - 1, err);
}
bool exports_wasi_io_streams_method_output_stream_blocking_write_zeroes_and_flush(out_t self, uint64_t len,
                                                                                  stream_error_t* err) {
  (void)self, (void)len;
  return stream_fails(kUnsupported - 1, err);
}
bool exports_wasi_io_streams_method_output_stream_splice(out_t self,
                                                         exports_wasi_io_streams_borrow_input_stream_t src,
                                                         uint64_t len, uint64_t* ret, stream_error_t* err) {
  (void)self, (void)src, (void)len, (void)ret;
  return stream_fails(kUnsupported - 1, err);
}
bool exports_wasi_io_streams_method_output_stream_blocking_splice(
    out_t self, exports_wasi_io_streams_borrow_input_stream_t src, uint64_t len, uint64_t* ret,
    stream_error_t* err) {
  return exports_wasi_io_streams_method_output_stream_splice(self, src, len, ret, err);
}

void exports_wasi_io_streams_input_stream_destructor(exports_wasi_io_streams_input_stream_t* self) {
  free(self);
}
void exports_wasi_io_streams_output_stream_destructor(exports_wasi_io_streams_output_stream_t* self) {
  free(self);
}
void exports_wasi_io_error_error_destructor(exports_wasi_io_error_error_t* self) { free(self); }
void exports_wasi_io_poll_pollable_destructor(exports_wasi_io_poll_pollable_t* self) { free(self); }

void exports_wasi_io_error_method_error_to_debug_string(exports_wasi_io_error_borrow_error_t self,
                                                        files_string_t* ret) {
  (void)self;
  files_string_dup(ret, "an error of its own");
}
bool exports_wasi_io_poll_method_pollable_ready(exports_wasi_io_poll_borrow_pollable_t self) {
  (void)self;
  return true;
}
void exports_wasi_io_poll_method_pollable_block(exports_wasi_io_poll_borrow_pollable_t self) { (void)self; }
void exports_wasi_io_poll_poll(exports_wasi_io_poll_list_borrow_pollable_t* in, files_list_u32_t* out) {
  out->len = in->len;
  out->ptr = malloc(in->len * sizeof *out->ptr);
  for (uint32_t i = 0; i < in->len; ++i) out->ptr[i] = i;
}
bool exports_wasi_filesystem_types_filesystem_error_code(exports_wasi_filesystem_types_borrow_error_t error,
                                                         code_t* ret) {
  *ret = error->code;
  return true;
}

// ---- descriptors

static exports_wasi_filesystem_types_own_descriptor_t opened(node_t* node, uint8_t flags) {
  exports_wasi_filesystem_types_descriptor_t* const made = malloc(sizeof *made);
  made->node = node;
  made->flags = flags;
  return exports_wasi_filesystem_types_descriptor_new(made);
}
void exports_wasi_filesystem_types_descriptor_destructor(exports_wasi_filesystem_types_descriptor_t* self) {
  free(self);
}
void exports_wasi_filesystem_types_directory_entry_stream_destructor(
    exports_wasi_filesystem_types_directory_entry_stream_t* self) {
  free(self->folder);
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

bool exports_wasi_filesystem_types_method_descriptor_open_at(
    self_t self, exports_wasi_filesystem_types_path_flags_t follow, files_string_t* path,
    exports_wasi_filesystem_types_open_flags_t how, exports_wasi_filesystem_types_descriptor_flags_t flags,
    exports_wasi_filesystem_types_own_descriptor_t* ret, code_t* err) {
  (void)follow;
  node_t* node;
  if (mode_is("block")) return *err = 1, false;
  const int error = open_node(self->node, path->ptr, path->len, how, &node);
  if (!error) *ret = opened(node, flags);
  return answer(error, err);
}

bool exports_wasi_filesystem_types_method_descriptor_read_via_stream(
    self_t self, uint64_t offset, exports_wasi_filesystem_types_own_input_stream_t* ret, code_t* err) {
  const int error = check(self->node, self->flags, kReads, 0);
  if (error) return answer(error, err);
  exports_wasi_io_streams_input_stream_t* const made = malloc(sizeof *made);
  made->node = self->node;
  made->offset = offset;
  *ret = exports_wasi_io_streams_input_stream_new(made);
  return true;
}
static bool output(self_t self, uint64_t offset, bool appends,
                   exports_wasi_filesystem_types_own_output_stream_t* ret, code_t* err) {
  const int error = check(self->node, self->flags, kWrites, offset);
  if (error) return answer(error, err);
  exports_wasi_io_streams_output_stream_t* const made = malloc(sizeof *made);
  made->node = self->node;
  made->offset = offset;
  made->appends = appends;
  *ret = exports_wasi_io_streams_output_stream_new(made);
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_write_via_stream(
    self_t self, uint64_t offset, exports_wasi_filesystem_types_own_output_stream_t* ret, code_t* err) {
  return output(self, offset, false, ret, err);
}
bool exports_wasi_filesystem_types_method_descriptor_append_via_stream(
    self_t self, exports_wasi_filesystem_types_own_output_stream_t* ret, code_t* err) {
  return output(self, 0, true, ret, err);
}

bool exports_wasi_filesystem_types_method_descriptor_read(self_t self, uint64_t length, uint64_t offset,
                                                          files_tuple2_list_u8_bool_t* ret, code_t* err) {
  const int error = check(self->node, self->flags, kReads, offset);
  if (error) return answer(error, err);
  const size_t count = there(self->node, offset, length);
  give(self->node, offset, count, 0, &ret->f0);
  ret->f1 = count == 0 && length > 0;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_write(self_t self, files_list_u8_t* buffer,
                                                           uint64_t offset, uint64_t* ret, code_t* err) {
  *ret = buffer->len;
  const int error = check(self->node, self->flags, kWrites, offset);
  return answer(error ? error : put(self->node, buffer->ptr, buffer->len, offset), err);
}

bool exports_wasi_filesystem_types_method_descriptor_read_directory(
    self_t self, exports_wasi_filesystem_types_own_directory_entry_stream_t* ret, code_t* err) {
  if (self->node->kind != kFolder) return answer(kNotDirectory, err);
  exports_wasi_filesystem_types_directory_entry_stream_t* const made = malloc(sizeof *made);
  made->folder = strdup(self->node->path);
  made->at = 0;
  *ret = exports_wasi_filesystem_types_directory_entry_stream_new(made);
  return true;
}

static uint8_t type_of(const node_t* node) {
  switch (node->kind) {
    case kFolder:
      return EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY;
    case kLink:
      return EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SYMBOLIC_LINK;
    default:
      return EXPORTS_WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE;
  }
}

bool exports_wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(
    exports_wasi_filesystem_types_borrow_directory_entry_stream_t self,
    exports_wasi_filesystem_types_option_directory_entry_t* ret, code_t* err) {
  (void)err;
  if (mode_is("trap") && self->at > 0) __builtin_trap();
  if (mode_is("empty")) self->at = 0;
  const bool first = self->at == 0;
  const entry_name_t* const name = next_child(self->folder, &self->at);
  ret->is_some = name != NULL;
  if (!name) return true;
  ret->val.type = type_of(name->node);
  if (!first && mode_is("names")) {
    ret->val.name.len = 64 * 1024 + 1;
    ret->val.name.ptr = malloc(ret->val.name.len);
    memset(ret->val.name.ptr, 'x', ret->val.name.len);
    return true;
  }
  files_string_dup(&ret->val.name, last_of(name->path));
  return true;
}

bool exports_wasi_filesystem_types_method_descriptor_advise(self_t self, uint64_t offset, uint64_t length,
                                                            exports_wasi_filesystem_types_advice_t advice,
                                                            code_t* err) {
  (void)self, (void)offset, (void)length, (void)advice, (void)err;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_sync_data(self_t self, code_t* err) {
  (void)self, (void)err;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_sync(self_t self, code_t* err) {
  (void)self, (void)err;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_get_flags(
    self_t self, exports_wasi_filesystem_types_descriptor_flags_t* ret, code_t* err) {
  (void)err;
  *ret = self->flags;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_get_type(
    self_t self, exports_wasi_filesystem_types_descriptor_type_t* ret, code_t* err) {
  (void)err;
  *ret = type_of(self->node);
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_set_size(self_t self, uint64_t size, code_t* err) {
  return answer(resize(self->node, size), err);
}

static int set_times(node_t* node, const exports_wasi_filesystem_types_new_timestamp_t* time) {
  if (time->tag == EXPORTS_WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP)
    node->seconds = time->val.timestamp.seconds;
  return 0;
}
bool exports_wasi_filesystem_types_method_descriptor_set_times(
    self_t self, exports_wasi_filesystem_types_new_timestamp_t* accessed,
    exports_wasi_filesystem_types_new_timestamp_t* modified, code_t* err) {
  (void)accessed;
  return answer(set_times(self->node, modified), err);
}
bool exports_wasi_filesystem_types_method_descriptor_set_times_at(
    self_t self, exports_wasi_filesystem_types_path_flags_t follow, files_string_t* path,
    exports_wasi_filesystem_types_new_timestamp_t* accessed,
    exports_wasi_filesystem_types_new_timestamp_t* modified, code_t* err) {
  (void)follow, (void)accessed;
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  return answer(error ? error : set_times(node, modified), err);
}

static void fill_stat(const node_t* node, exports_wasi_filesystem_types_descriptor_stat_t* ret) {
  *ret = (exports_wasi_filesystem_types_descriptor_stat_t){
      .type = type_of(node), .link_count = 1, .size = node->size};
  ret->data_modification_timestamp.is_some = true;
  ret->data_modification_timestamp.val.seconds = mode_is("late") ? UINT64_MAX : node->seconds;
  ret->data_modification_timestamp.val.nanoseconds = mode_is("time") ? 1000000000 : 7;
}
bool exports_wasi_filesystem_types_method_descriptor_stat(
    self_t self, exports_wasi_filesystem_types_descriptor_stat_t* ret, code_t* err) {
  (void)err;
  fill_stat(self->node, ret);
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_stat_at(
    self_t self, exports_wasi_filesystem_types_path_flags_t follow, files_string_t* path,
    exports_wasi_filesystem_types_descriptor_stat_t* ret, code_t* err) {
  (void)follow;
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  if (!error) fill_stat(node, ret);
  return answer(error, err);
}

bool exports_wasi_filesystem_types_method_descriptor_create_directory_at(self_t self, files_string_t* path,
                                                                         code_t* err) {
  node_t* made;
  return answer(create(self->node, path->ptr, path->len, kFolder, &made), err);
}
bool exports_wasi_filesystem_types_method_descriptor_link_at(
    self_t self, exports_wasi_filesystem_types_path_flags_t follow, files_string_t* path, self_t to,
    files_string_t* new_path, code_t* err) {
  if (follow) return answer(kInvalid, err);
  return answer(name_again(self->node, path->ptr, path->len, to->node, new_path->ptr, new_path->len, false),
                err);
}
bool exports_wasi_filesystem_types_method_descriptor_symlink_at(self_t self, files_string_t* target,
                                                                files_string_t* path, code_t* err) {
  node_t* made;
  int error = create(self->node, path->ptr, path->len, kLink, &made);
  if (!error) error = put(made, target->ptr, target->len, 0);
  return answer(error, err);
}
bool exports_wasi_filesystem_types_method_descriptor_readlink_at(self_t self, files_string_t* path,
                                                                 files_string_t* ret, code_t* err) {
  node_t* node;
  int error = lookup(self->node, path->ptr, path->len, &node);
  if (!error && node->kind != kLink) error = kInvalid;
  if (!error) {
    ret->len = node->size;
    ret->ptr = malloc(node->size + 1);
    memcpy(ret->ptr, node->bytes, node->size);
  }
  return answer(error, err);
}
bool exports_wasi_filesystem_types_method_descriptor_remove_directory_at(self_t self, files_string_t* path,
                                                                         code_t* err) {
  return answer(remove_node(self->node, path->ptr, path->len, true), err);
}
bool exports_wasi_filesystem_types_method_descriptor_unlink_file_at(self_t self, files_string_t* path,
                                                                    code_t* err) {
  return answer(remove_node(self->node, path->ptr, path->len, false), err);
}
bool exports_wasi_filesystem_types_method_descriptor_rename_at(self_t self, files_string_t* path, self_t to,
                                                               files_string_t* new_path, code_t* err) {
  return answer(name_again(self->node, path->ptr, path->len, to->node, new_path->ptr, new_path->len, true),
                err);
}

bool exports_wasi_filesystem_types_method_descriptor_is_same_object(self_t self, self_t other) {
  return self->node == other->node;
}
bool exports_wasi_filesystem_types_method_descriptor_metadata_hash(
    self_t self, exports_wasi_filesystem_types_metadata_hash_value_t* ret, code_t* err) {
  (void)err;
  ret->lower = (uint64_t)(uintptr_t)self->node;
  ret->upper = self->node->size;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_metadata_hash_at(
    self_t self, exports_wasi_filesystem_types_path_flags_t follow, files_string_t* path,
    exports_wasi_filesystem_types_metadata_hash_value_t* ret, code_t* err) {
  (void)follow;
  node_t* node;
  const int error = lookup(self->node, path->ptr, path->len, &node);
  if (!error) ret->lower = (uint64_t)(uintptr_t)node, ret->upper = node->size;
  return answer(error, err);
}
