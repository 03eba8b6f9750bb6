// Files for whoever imports WASI 0.2: those that it was given itself, behind descriptors of its own. Their
// streams are the host's, and go on as they are. What is no part of reading and writing is unsupported.
#include "shelf.h"

#include <stdlib.h>

typedef exports_wasi_filesystem_types_error_code_t code_t;
typedef exports_wasi_filesystem_types_borrow_descriptor_t self_t;
typedef exports_wasi_filesystem_types_path_flags_t follow_t;
typedef exports_wasi_filesystem_types_new_timestamp_t* time_of_t;

struct exports_wasi_filesystem_types_descriptor_t {
  wasi_filesystem_types_own_descriptor_t of;
};
struct exports_wasi_filesystem_types_directory_entry_stream_t {
  wasi_filesystem_types_own_directory_entry_stream_t of;
};

static wasi_filesystem_types_borrow_descriptor_t host(self_t self) {
  return wasi_filesystem_types_borrow_descriptor(self->of);
}
static exports_wasi_filesystem_types_own_descriptor_t own(wasi_filesystem_types_own_descriptor_t of) {
  exports_wasi_filesystem_types_descriptor_t* const made = malloc(sizeof *made);
  made->of = of;
  return exports_wasi_filesystem_types_descriptor_new(made);
}
void exports_wasi_filesystem_types_descriptor_destructor(exports_wasi_filesystem_types_descriptor_t* self) {
  wasi_filesystem_types_descriptor_drop_own(self->of);
  free(self);
}
void exports_wasi_filesystem_types_directory_entry_stream_destructor(
    exports_wasi_filesystem_types_directory_entry_stream_t* self) {
  wasi_filesystem_types_directory_entry_stream_drop_own(self->of);
  free(self);
}

void exports_wasi_filesystem_preopens_get_directories(
    exports_wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t* out) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t all;
  wasi_filesystem_preopens_get_directories(&all);
  out->len = all.len;
  out->ptr = malloc(all.len * sizeof *out->ptr);
  for (size_t i = 0; i < all.len; ++i) {
    out->ptr[i].f0 = own(all.ptr[i].f0);
    out->ptr[i].f1 = all.ptr[i].f1;
  }
}

bool exports_wasi_filesystem_types_method_descriptor_open_at(
    self_t self, follow_t follow, shelf_string_t* path, exports_wasi_filesystem_types_open_flags_t how,
    exports_wasi_filesystem_types_descriptor_flags_t flags,
    exports_wasi_filesystem_types_own_descriptor_t* ret, code_t* err) {
  wasi_filesystem_types_own_descriptor_t made;
  if (!wasi_filesystem_types_method_descriptor_open_at(host(self), follow, path, how, flags, &made, err))
    return false;
  *ret = own(made);
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_read_via_stream(
    self_t self, uint64_t offset, exports_wasi_filesystem_types_own_input_stream_t* ret, code_t* err) {
  return wasi_filesystem_types_method_descriptor_read_via_stream(host(self), offset, ret, err);
}
bool exports_wasi_filesystem_types_method_descriptor_write_via_stream(
    self_t self, uint64_t offset, exports_wasi_filesystem_types_own_output_stream_t* ret, code_t* err) {
  return wasi_filesystem_types_method_descriptor_write_via_stream(host(self), offset, ret, err);
}
bool exports_wasi_filesystem_types_method_descriptor_append_via_stream(
    self_t self, exports_wasi_filesystem_types_own_output_stream_t* ret, code_t* err) {
  return wasi_filesystem_types_method_descriptor_append_via_stream(host(self), ret, err);
}
bool exports_wasi_filesystem_types_method_descriptor_read_directory(
    self_t self, exports_wasi_filesystem_types_own_directory_entry_stream_t* ret, code_t* err) {
  wasi_filesystem_types_own_directory_entry_stream_t made;
  if (!wasi_filesystem_types_method_descriptor_read_directory(host(self), &made, err)) return false;
  exports_wasi_filesystem_types_directory_entry_stream_t* const entries = malloc(sizeof *entries);
  entries->of = made;
  *ret = exports_wasi_filesystem_types_directory_entry_stream_new(entries);
  return true;
}
bool exports_wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(
    exports_wasi_filesystem_types_borrow_directory_entry_stream_t self,
    exports_wasi_filesystem_types_option_directory_entry_t* ret, code_t* err) {
  wasi_filesystem_types_option_directory_entry_t entry;
  if (!wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(
          wasi_filesystem_types_borrow_directory_entry_stream(self->of), &entry, err))
    return false;
  ret->is_some = entry.is_some;
  if (!entry.is_some) return true;
  ret->val.type = entry.val.type;
  ret->val.name = entry.val.name;
  return true;
}
bool exports_wasi_filesystem_types_method_descriptor_get_type(
    self_t self, exports_wasi_filesystem_types_descriptor_type_t* ret, code_t* err) {
  return wasi_filesystem_types_method_descriptor_get_type(host(self), ret, err);
}
bool exports_wasi_filesystem_types_filesystem_error_code(exports_wasi_filesystem_types_borrow_error_t error,
                                                         code_t* ret) {
  return wasi_filesystem_types_filesystem_error_code(error, ret);
}
bool exports_wasi_filesystem_types_method_descriptor_is_same_object(self_t self, self_t other) {
  return wasi_filesystem_types_method_descriptor_is_same_object(host(self), host(other));
}

#define UNSUPPORTED(name, ...)                                                            \
  bool exports_wasi_filesystem_types_method_descriptor_##name(__VA_ARGS__, code_t* err) { \
    *err = EXPORTS_WASI_FILESYSTEM_TYPES_ERROR_CODE_UNSUPPORTED;                          \
    return false;                                                                         \
  }
#pragma clang diagnostic ignored "-Wunused-parameter"
UNSUPPORTED(advise, self_t self, uint64_t offset, uint64_t length,
            exports_wasi_filesystem_types_advice_t advice)
UNSUPPORTED(sync_data, self_t self)
UNSUPPORTED(sync, self_t self)
UNSUPPORTED(get_flags, self_t self, exports_wasi_filesystem_types_descriptor_flags_t* ret)
UNSUPPORTED(set_size, self_t self, uint64_t size)
UNSUPPORTED(set_times, self_t self, time_of_t accessed, time_of_t modified)
UNSUPPORTED(set_times_at, self_t self, follow_t follow, shelf_string_t* path, time_of_t accessed,
            time_of_t modified)
UNSUPPORTED(read, self_t self, uint64_t length, uint64_t offset, shelf_tuple2_list_u8_bool_t* ret)
UNSUPPORTED(write, self_t self, shelf_list_u8_t* buffer, uint64_t offset, uint64_t* ret)
UNSUPPORTED(stat, self_t self, exports_wasi_filesystem_types_descriptor_stat_t* ret)
UNSUPPORTED(stat_at, self_t self, follow_t follow, shelf_string_t* path,
            exports_wasi_filesystem_types_descriptor_stat_t* ret)
UNSUPPORTED(create_directory_at, self_t self, shelf_string_t* path)
UNSUPPORTED(link_at, self_t self, follow_t follow, shelf_string_t* path, self_t to, shelf_string_t* new_path)
UNSUPPORTED(symlink_at, self_t self, shelf_string_t* target, shelf_string_t* path)
UNSUPPORTED(readlink_at, self_t self, shelf_string_t* path, shelf_string_t* ret)
UNSUPPORTED(remove_directory_at, self_t self, shelf_string_t* path)
UNSUPPORTED(unlink_file_at, self_t self, shelf_string_t* path)
UNSUPPORTED(rename_at, self_t self, shelf_string_t* path, self_t to, shelf_string_t* new_path)
UNSUPPORTED(metadata_hash, self_t self, exports_wasi_filesystem_types_metadata_hash_value_t* ret)
UNSUPPORTED(metadata_hash_at, self_t self, follow_t follow, shelf_string_t* path,
            exports_wasi_filesystem_types_metadata_hash_value_t* ret)
