// wasi:cli 0.3 in straight lines: whatever blocks is waited for with waitable-set.wait.
//   args · cat · splice · err TEXT · read PATH [OFFSET] · copy FROM TO · save PATH · append PATH TEXT · list
//   PATH · tour: one call of each function of descriptors · sleep MS · probe · early · late · exit CODE ·
//   fail · random N
#include "command.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef wasi_cli_stdin_stream_u8_t reader_t;
typedef wasi_cli_stdin_stream_u8_writer_t writer_t;
typedef wasi_filesystem_types_own_descriptor_t own_t;
typedef wasi_filesystem_types_borrow_descriptor_t borrow_t;
typedef wasi_filesystem_types_result_void_error_code_t file_result_t;
typedef wasi_cli_stdin_result_void_error_code_t stdio_result_t;

static command_waitable_set_t set;

/// A line "WORD NUMBER"; stdio would need WASI 0.2.
typedef struct {
  char text[320];
  size_t length;
} line_t;

static void add(line_t* line, const void* text, size_t length) {
  if (length > sizeof line->text - line->length) length = sizeof line->text - line->length;
  memcpy(line->text + line->length, text, length);
  line->length += length;
}

static void add_number(line_t* line, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  add(line, digits + at, sizeof digits - at);
}

/// The outcome of an operation on `waitable` that may have blocked.
static uint32_t settle(uint32_t waitable, uint32_t status) {
  if (status != COMMAND_WAITABLE_STATUS_BLOCKED) return status;
  command_event_t event;
  if (set == 0) set = command_waitable_set_new();
  command_waitable_join(waitable, set);
  command_waitable_set_wait(set, &event);
  command_waitable_join(waitable, 0);
  return event.code;
}

/// Waits until a call of an async function has returned.
static void await(command_subtask_status_t status) {
  const command_subtask_t subtask = COMMAND_SUBTASK_HANDLE(status);
  while (COMMAND_SUBTASK_STATE(status) != COMMAND_SUBTASK_RETURNED) {
    command_event_t event;
    if (set == 0) set = command_waitable_set_new();
    command_waitable_join(subtask, set);
    command_waitable_set_wait(set, &event);
    status = event.code;
  }
  if (subtask != 0) command_subtask_drop(subtask);
}

/// False when nobody reads any more.
static bool write_all(writer_t writer, const void* bytes, size_t length) {
  const uint8_t* at = bytes;
  while (length > 0) {
    const uint32_t status = settle(writer, wasi_cli_stdin_stream_u8_write(writer, at, length));
    at += COMMAND_WAITABLE_COUNT(status);
    length -= COMMAND_WAITABLE_COUNT(status);
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) return length == 0;
  }
  return true;
}

static bool stdio_ok(uint32_t future) {
  stdio_result_t result;
  const uint32_t status = settle(future, wasi_cli_stdin_future_result_void_error_code_read(future, &result));
  wasi_cli_stdin_future_result_void_error_code_drop_readable(future);
  return COMMAND_WAITABLE_STATE(status) == COMMAND_WAITABLE_COMPLETED && !result.is_err;
}

/// Writes `text` to stdout and waits until it is there.
static bool print(const void* text, size_t length) {
  writer_t writer;
  const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
  const uint32_t done = wasi_cli_stdout_write_via_stream(reader);
  const bool written = write_all(writer, text, length);
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  return stdio_ok(done) && written;
}

static void complain(const char* text, size_t length) {
  writer_t writer;
  const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
  const uint32_t done = wasi_cli_stderr_write_via_stream(reader);
  write_all(writer, text, length);
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  stdio_ok(done);
}

static int refuse(const char* what, wasi_filesystem_types_error_code_t error) {
  line_t line = {.length = 0};
  add(&line, what, strlen(what));
  add(&line, ": error ", 8);
  add_number(&line, error.tag);
  add(&line, "\n", 1);
  complain(line.text, line.length);
  return 1;
}

/// 0, or 1 after saying why not.
static int file_ok(uint32_t future) {
  file_result_t result;
  settle(future, wasi_filesystem_types_future_result_void_error_code_read(future, &result));
  wasi_filesystem_types_future_result_void_error_code_drop_readable(future);
  return result.is_err ? refuse("stream", result.val.err) : 0;
}

/// From a stream to stdout, in pieces.
static int copy_out(reader_t from) {
  static uint8_t buffer[100000];
  writer_t writer;
  const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
  const uint32_t done = wasi_cli_stdout_write_via_stream(reader);
  while (true) {
    const uint32_t status = settle(from, wasi_cli_stdin_stream_u8_read(from, buffer, sizeof buffer));
    if (!write_all(writer, buffer, COMMAND_WAITABLE_COUNT(status))) break;
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) break;
  }
  wasi_cli_stdin_stream_u8_drop_readable(from);
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  return stdio_ok(done) ? 0 : 1;
}

/// The directory that was granted.
static borrow_t root(void) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t list;
  wasi_filesystem_preopens_get_directories(&list);
  if (list.len == 0) abort();
  return wasi_filesystem_types_borrow_descriptor(list.ptr[0].f0);
}

static bool open_at(const char* path, unsigned open, unsigned flags, own_t* file) {
  wasi_filesystem_types_method_descriptor_open_at_args_t args = {
      .self = root(),
      .open_flags = (wasi_filesystem_types_open_flags_t)open,
      .flags = (wasi_filesystem_types_descriptor_flags_t)flags};
  args.path.ptr = (uint8_t*)path;
  args.path.len = strlen(path);
  wasi_filesystem_types_result_own_descriptor_error_code_t result;
  await(wasi_filesystem_types_method_descriptor_open_at(&args, &result));
  if (result.is_err) return refuse(path, result.val.err), false;
  *file = result.val.ok;
  return true;
}

enum { kRead = 1, kWrite = 2, kCreate = 1, kDirectory = 2, kTruncate = 8 };

static int read_file(const char* path, uint64_t offset) {
  own_t file;
  if (!open_at(path, 0, kRead, &file)) return 1;
  wasi_filesystem_types_tuple2_stream_u8_future_result_void_error_code_t both;
  wasi_filesystem_types_method_descriptor_read_via_stream(wasi_filesystem_types_borrow_descriptor(file),
                                                          offset, &both);
  // The stream does not need the descriptor.
  wasi_filesystem_types_descriptor_drop_own(file);
  return copy_out(both.f0) | file_ok(both.f1);
}

/// Host to host: the guest only hands the stream on.
static int save(reader_t from, const char* path) {
  own_t file;
  if (!open_at(path, kCreate | kTruncate, kWrite, &file)) return 1;
  return file_ok(wasi_filesystem_types_method_descriptor_write_via_stream(
      wasi_filesystem_types_borrow_descriptor(file), from, 0));
}

static int copy_file(const char* from, const char* to) {
  own_t file;
  if (!open_at(from, 0, kRead, &file)) return 1;
  wasi_filesystem_types_tuple2_stream_u8_future_result_void_error_code_t both;
  wasi_filesystem_types_method_descriptor_read_via_stream(wasi_filesystem_types_borrow_descriptor(file), 0,
                                                          &both);
  const int saved = save(both.f0, to);
  return saved | file_ok(both.f1);
}

static int append(const char* path, const char* text) {
  own_t file;
  if (!open_at(path, kCreate, kWrite, &file)) return 1;
  writer_t writer;
  const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
  const uint32_t done = wasi_filesystem_types_method_descriptor_append_via_stream(
      wasi_filesystem_types_borrow_descriptor(file), reader);
  write_all(writer, text, strlen(text));
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  return file_ok(done);
}

static int list_directory(const char* path) {
  own_t directory;
  if (!open_at(path, kDirectory, kRead, &directory)) return 1;
  wasi_filesystem_types_tuple2_stream_directory_entry_future_result_void_error_code_t both;
  wasi_filesystem_types_method_descriptor_read_directory(wasi_filesystem_types_borrow_descriptor(directory),
                                                         &both);
  while (true) {
    wasi_filesystem_types_directory_entry_t entries[3];
    const uint32_t status =
        settle(both.f0, wasi_filesystem_types_stream_directory_entry_read(both.f0, entries, 3));
    for (uint32_t i = 0; i < COMMAND_WAITABLE_COUNT(status); ++i) {
      line_t line = {.length = 0};
      add_number(&line, entries[i].type.tag);
      add(&line, " ", 1);
      add(&line, entries[i].name.ptr, entries[i].name.len);
      add(&line, "\n", 1);
      print(line.text, line.length);
      wasi_filesystem_types_directory_entry_free(&entries[i]);
    }
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) break;
  }
  wasi_filesystem_types_stream_directory_entry_drop_readable(both.f0);
  return file_ok(both.f1);
}

static command_string_t lend(const char* text) {
  return (command_string_t){.ptr = (uint8_t*)text, .len = strlen(text)};
}

static void say(const char* step, const char* what, uint64_t number) {
  line_t line = {.length = 0};
  add(&line, step, strlen(step));
  add(&line, ": ", 2);
  if (what)
    add(&line, what, strlen(what));
  else
    add_number(&line, number);
  add(&line, "\n", 1);
  print(line.text, line.length);
}

static void say_result(const char* step, const file_result_t* result) {
  if (!result->is_err) return say(step, "ok", 0);
  line_t line = {.length = 0};
  add(&line, step, strlen(step));
  add(&line, " error", 6);
  line.text[line.length] = 0;
  say(line.text, NULL, result->val.err.tag);
}

static uint32_t write_text(borrow_t file, const char* text, bool append, uint64_t offset) {
  writer_t writer;
  const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
  const uint32_t done = append
                            ? wasi_filesystem_types_method_descriptor_append_via_stream(file, reader)
                            : wasi_filesystem_types_method_descriptor_write_via_stream(file, reader, offset);
  write_all(writer, text, strlen(text));
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  return done;
}

static void say_future(const char* step, uint32_t future) {
  file_result_t result;
  settle(future, wasi_filesystem_types_future_result_void_error_code_read(future, &result));
  wasi_filesystem_types_future_result_void_error_code_drop_readable(future);
  say_result(step, &result);
}

static void say_size(const char* step, const char* path) {
  wasi_filesystem_types_result_descriptor_stat_error_code_t stat;
  await(wasi_filesystem_types_method_descriptor_stat_at(root(), 0, lend(path), &stat));
  if (stat.is_err) return say(step, "none", 0);
  say(step, NULL, stat.val.ok.size);
}

/// Everything that can be done with descriptors, in a folder of its own.
static int tour(void) {
  const borrow_t dir = root();
  file_result_t result;
  command_string_t path = lend("tour"), other = lend("tour/b");
  await(wasi_filesystem_types_method_descriptor_create_directory_at(dir, path, &result));
  say_result("create-directory-at", &result);
  await(wasi_filesystem_types_method_descriptor_create_directory_at(dir, path, &result));
  say_result("again", &result);
  own_t a, b, folder;
  if (!open_at("tour/a", kCreate, kRead | kWrite, &a)) return 1;
  const borrow_t file = wasi_filesystem_types_borrow_descriptor(a);
  say_future("write-via-stream", write_text(file, "hello world", false, 0));
  say_future("in the middle", write_text(file, "W", false, 6));
  say_future("append-via-stream", write_text(file, "!\n", true, 0));
  say_future("nothing", write_text(file, "", false, 0));
  say_size("size", "tour/a");
  if (read_file("tour/a", 6)) return 1;
  if (open_at("tour/a", 0, kRead, &b))
    say_future("write to what is only read",
               write_text(wasi_filesystem_types_borrow_descriptor(b), "x", false, 0));
  bool same;
  await(wasi_filesystem_types_method_descriptor_is_same_object(
      file, wasi_filesystem_types_borrow_descriptor(b), &same));
  say("same object", same ? "yes" : "no", 0);
  await(wasi_filesystem_types_method_descriptor_is_same_object(file, dir, &same));
  say("same as the folder", same ? "yes" : "no", 0);
  await(wasi_filesystem_types_method_descriptor_sync_data(file, &result));
  say_result("sync-data", &result);
  await(wasi_filesystem_types_method_descriptor_sync(file, &result));
  say_result("sync", &result);
  await(wasi_filesystem_types_method_descriptor_advise(file, 0, 5, WASI_FILESYSTEM_TYPES_ADVICE_NORMAL,
                                                       &result));
  say_result("advise", &result);
  wasi_filesystem_types_result_descriptor_flags_error_code_t flags;
  await(wasi_filesystem_types_method_descriptor_get_flags(file, &flags));
  say("get-flags", NULL, flags.val.ok & 3);
  wasi_filesystem_types_result_descriptor_type_error_code_t type;
  await(wasi_filesystem_types_method_descriptor_get_type(file, &type));
  say("get-type", NULL, type.val.ok.tag);
  await(wasi_filesystem_types_method_descriptor_set_size(file, 5, &result));
  say_result("set-size", &result);
  wasi_filesystem_types_new_timestamp_t keep = {.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_NO_CHANGE};
  wasi_filesystem_types_new_timestamp_t when = {.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP};
  when.val.timestamp.seconds = 42;
  when.val.timestamp.nanoseconds = 7;
  wasi_filesystem_types_method_descriptor_set_times_args_t times = {
      .self = file, .data_access_timestamp = keep, .data_modification_timestamp = when};
  await(wasi_filesystem_types_method_descriptor_set_times(&times, &result));
  say_result("set-times", &result);
  wasi_filesystem_types_result_descriptor_stat_error_code_t stat;
  await(wasi_filesystem_types_method_descriptor_stat(file, &stat));
  say("size", NULL, stat.val.ok.size);
  say("modified at", NULL, (uint64_t)stat.val.ok.data_modification_timestamp.val.seconds);
  say("and nanoseconds", NULL, stat.val.ok.data_modification_timestamp.val.nanoseconds);
  when.val.timestamp.seconds = 43;
  wasi_filesystem_types_method_descriptor_set_times_at_args_t times_at = {
      .self = dir,
      .path = lend("tour/a"),
      .data_access_timestamp = keep,
      .data_modification_timestamp = when};
  await(wasi_filesystem_types_method_descriptor_set_times_at(&times_at, &result));
  say_result("set-times-at", &result);
  path = lend("tour/a");
  await(wasi_filesystem_types_method_descriptor_stat_at(dir, 0, path, &stat));
  say("modified at", NULL, (uint64_t)stat.val.ok.data_modification_timestamp.val.seconds);
  wasi_filesystem_types_method_descriptor_link_at_args_t link = {
      .self = dir, .old_path = path, .new_descriptor = dir, .new_path = other};
  await(wasi_filesystem_types_method_descriptor_link_at(&link, &result));
  say_result("link-at", &result);
  wasi_filesystem_types_result_metadata_hash_value_error_code_t one, two;
  await(wasi_filesystem_types_method_descriptor_metadata_hash(file, &one));
  await(wasi_filesystem_types_method_descriptor_metadata_hash_at(dir, 0, other, &two));
  same = one.val.ok.lower == two.val.ok.lower && one.val.ok.upper == two.val.ok.upper;
  say("same hash", same ? "yes" : "no", 0);
  wasi_filesystem_types_method_descriptor_rename_at_args_t rename = {
      .self = dir, .old_path = other, .new_descriptor = dir, .new_path = lend("tour/c")};
  await(wasi_filesystem_types_method_descriptor_rename_at(&rename, &result));
  say_result("rename-at", &result);
  command_string_t target = lend("a"), link_path = lend("tour/l");
  wasi_filesystem_types_method_descriptor_symlink_at_args_t symlink = {
      .self = dir, .old_path = target, .new_path = link_path};
  await(wasi_filesystem_types_method_descriptor_symlink_at(&symlink, &result));
  say_result("symlink-at", &result);
  wasi_filesystem_types_result_string_error_code_t to;
  await(wasi_filesystem_types_method_descriptor_readlink_at(dir, link_path, &to));
  if (!to.is_err && to.val.ok.len == 1) say("readlink-at", "a", 0);
  await(wasi_filesystem_types_method_descriptor_readlink_at(dir, path, &to));
  say("readlink-at of a file", NULL, to.is_err ? to.val.err.tag : 0);
  if (!open_at("tour", kDirectory, kRead, &folder)) return 1;
  wasi_filesystem_types_tuple2_stream_directory_entry_future_result_void_error_code_t both;
  wasi_filesystem_types_method_descriptor_read_directory(wasi_filesystem_types_borrow_descriptor(folder),
                                                         &both);
  uint32_t status, count = 0;
  do {
    wasi_filesystem_types_directory_entry_t entry;
    status = settle(both.f0, wasi_filesystem_types_stream_directory_entry_read(both.f0, &entry, 1));
    count += COMMAND_WAITABLE_COUNT(status);
  } while (COMMAND_WAITABLE_STATE(status) == COMMAND_WAITABLE_COMPLETED);
  say("entries", NULL, count);
  say_future("read-directory", both.f1);
  wasi_filesystem_types_method_descriptor_read_directory(file, &both);
  say_future("read-directory of a file", both.f1);
  path = lend("tour");
  await(wasi_filesystem_types_method_descriptor_remove_directory_at(dir, path, &result));
  say_result("remove-directory-at of a full folder", &result);
  static const char* const names[] = {"tour/a", "tour/c", "tour/l", "tour/l"};
  for (size_t i = 0; i < 4; ++i) {
    other = lend(names[i]);
    await(wasi_filesystem_types_method_descriptor_unlink_file_at(dir, other, &result));
    say_result("unlink-file-at", &result);
  }
  await(wasi_filesystem_types_method_descriptor_remove_directory_at(dir, path, &result));
  say_result("remove-directory-at", &result);
  return 0;
}

/// A read of no elements, cancelled while it waits, leaves what is in stdin alone.
static int probe(void) {
  wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t first, second;
  wasi_cli_stdin_read_via_stream(&first);
  uint8_t byte;
  const uint32_t status = wasi_cli_stdin_stream_u8_read(first.f0, &byte, 0);
  if (status == COMMAND_WAITABLE_STATUS_BLOCKED) wasi_cli_stdin_stream_u8_cancel_read(first.f0);
  wasi_cli_stdin_stream_u8_drop_readable(first.f0);
  if (!stdio_ok(first.f1)) return 1;
  wasi_cli_stdin_read_via_stream(&second);
  return copy_out(second.f0) | !stdio_ok(second.f1);
}

static int command(size_t count, char** words) {
  const char* verb = count > 1 ? words[1] : "";
  const char* first = count > 2 ? words[2] : "";
  const char* second = count > 3 ? words[3] : "";
  wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t in;
  if (strcmp(verb, "args") == 0) {
    for (size_t i = 2; i < count; ++i) {
      print(words[i], strlen(words[i]));
      print("\n", 1);
    }
    return 0;
  }
  if (strcmp(verb, "cat") == 0) {
    wasi_cli_stdin_read_via_stream(&in);
    return copy_out(in.f0) | !stdio_ok(in.f1);
  }
  if (strcmp(verb, "splice") == 0) {
    wasi_cli_stdin_read_via_stream(&in);
    const bool written = stdio_ok(wasi_cli_stdout_write_via_stream(in.f0));
    return !written | !stdio_ok(in.f1);
  }
  if (strcmp(verb, "err") == 0) return complain(first, strlen(first)), 0;
  if (strcmp(verb, "read") == 0) return read_file(first, strtoull(second, NULL, 10));
  if (strcmp(verb, "copy") == 0) return copy_file(first, second);
  if (strcmp(verb, "save") == 0) {
    wasi_cli_stdin_read_via_stream(&in);
    const int saved = save(in.f0, first);
    return saved | !stdio_ok(in.f1);
  }
  if (strcmp(verb, "append") == 0) return append(first, second);
  if (strcmp(verb, "list") == 0) return list_directory(first);
  if (strcmp(verb, "probe") == 0) return probe();
  if (strcmp(verb, "tour") == 0) return tour();
  if (strcmp(verb, "sleep") == 0) {
    await(wasi_clocks_monotonic_clock_wait_for(strtoull(first, NULL, 10) * 1000000));
    return !print("slept\n", 6);
  }
  if (strcmp(verb, "early") == 0) {
    // Nobody waits for the outcome: what was taken still has to come out.
    writer_t writer;
    const reader_t reader = wasi_cli_stdin_stream_u8_new(&writer);
    wasi_cli_stdout_write_via_stream(reader);
    write_all(writer, "left behind\n", 12);
    return 0;
  }
  if (strcmp(verb, "exit") == 0) wasi_cli_exit_exit_with_code((uint8_t)atoi(first));
  if (strcmp(verb, "random") == 0) {
    command_list_u8_t bytes;
    wasi_random_random_get_random_bytes(strtoull(first, NULL, 10), &bytes);
    line_t line = {.length = 0};
    add_number(&line, bytes.len);
    add(&line, "\n", 1);
    return !print(line.text, line.length);
  }
  return 1;
}

command_callback_code_t exports_wasi_cli_run_run(void) {
  command_list_string_t list;
  wasi_cli_environment_get_arguments(&list);
  char** words = calloc(list.len + 1, sizeof *words);
  for (size_t i = 0; i < list.len; ++i) {
    words[i] = calloc(list.ptr[i].len + 1, 1);
    memcpy(words[i], list.ptr[i].ptr, list.ptr[i].len);
  }
  exports_wasi_cli_run_result_void_void_t result = {.is_err = false};
  if (list.len > 1 && strcmp(words[1], "late") == 0) {
    // The command has answered, its task goes on.
    exports_wasi_cli_run_run_return(result);
    await(wasi_clocks_monotonic_clock_wait_for(20 * 1000000));
    print("late\n", 5);
    return COMMAND_CALLBACK_CODE_EXIT;
  }
  result.is_err = command(list.len, words) != 0;
  exports_wasi_cli_run_run_return(result);
  return COMMAND_CALLBACK_CODE_EXIT;
}

command_callback_code_t exports_wasi_cli_run_run_callback(command_event_t* event) {
  (void)event;
  abort();
}
