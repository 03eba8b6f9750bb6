// What wasi:io, wasi:filesystem and wasi:sockets promise of their corners, step by step: prints `step:
// answer` lines.
//
// - `streams`, `poll`, `files`, `tcp`, `udp`: files needs a writable preopened folder whose file "a" says
//   "hello"
// - `trap NAME`: does what must trap; printing "survived" is the failure
#include "sockets.hpp"

namespace {

using Stream = wasi_io_streams_stream_error_t;
using FileError = wasi_filesystem_types_error_code_t;
using guest::network;
using NetError = guest::SocketError;
using Output = wasi_io_streams_own_output_stream_t;
using Input = wasi_io_streams_own_input_stream_t;
using Descriptor = wasi_filesystem_types_own_descriptor_t;

void say(std::string_view step, std::string_view answer) {
  guest::print(std::string(step) + ": " + std::string(answer) + "\n");
}
void say(std::string_view step, std::uint64_t answer) { say(step, guest::text_of(answer)); }
void say_bool(std::string_view step, bool answer) { say(step, answer ? "yes" : "no"); }
void say_net(std::string_view step, bool ok, NetError error) { say(step, ok ? "ok" : guest::name_of(error)); }

auto borrow(Output stream) { return wasi_io_streams_borrow_output_stream(stream); }
auto borrow(Input stream) { return wasi_io_streams_borrow_input_stream(stream); }
auto borrow(Descriptor descriptor) { return wasi_filesystem_types_borrow_descriptor(descriptor); }

std::string text(const command_list_u8_t& bytes) {
  return {reinterpret_cast<const char*>(bytes.ptr), bytes.len};
}
command_list_u8_t lend(std::string_view bytes) {
  const auto string = guest::lend(bytes);
  return {string.ptr, string.len};
}

/// "closed", or the file error behind a failure.
std::string name(Stream error) {
  if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) return "closed";
  FileError code = 0;
  const auto self = wasi_io_error_borrow_error(error.val.last_operation_failed);
  std::string out = "failed";
  if (wasi_filesystem_types_filesystem_error_code(self, &code)) out += " " + guest::text_of(code);
  command_string_t sentence;
  wasi_io_error_method_error_to_debug_string(self, &sentence);
  out += " " + std::string(guest::view(sentence));
  wasi_io_streams_stream_error_free(&error);
  return out;
}

std::string check(Output stream) {
  std::uint64_t room = 0;
  Stream error;
  if (!wasi_io_streams_method_output_stream_check_write(borrow(stream), &room, &error)) return name(error);
  return room > 0 ? "room" : "none";
}

std::string write(Output stream, std::string_view bytes) {
  auto list = lend(bytes);
  Stream error;
  if (!wasi_io_streams_method_output_stream_write(borrow(stream), &list, &error)) return name(error);
  return "ok";
}

std::string read(Input stream, std::uint64_t length) {
  command_list_u8_t bytes;
  Stream error;
  if (!wasi_io_streams_method_input_stream_read(borrow(stream), length, &bytes, &error)) return name(error);
  return "'" + text(bytes) + "'";
}

std::string blocking_read(Input stream, std::uint64_t length) {
  command_list_u8_t bytes;
  Stream error;
  if (!wasi_io_streams_method_input_stream_blocking_read(borrow(stream), length, &bytes, &error))
    return name(error);
  return "'" + text(bytes) + "'";
}

Descriptor folder() {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t list;
  wasi_filesystem_preopens_get_directories(&list);
  if (list.len == 0) guest::give_up();
  return list.ptr[0].f0;
}

Descriptor open(Descriptor dir, std::string_view path, std::uint8_t open_flags, std::uint8_t flags) {
  auto string = guest::lend(path);
  Descriptor file;
  FileError error;
  if (!wasi_filesystem_types_method_descriptor_open_at(borrow(dir), 0, &string, open_flags, flags, &file,
                                                       &error)) {
    say("open failed", error);
    guest::give_up();
  }
  return file;
}

constexpr std::uint8_t kRead = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ;
constexpr std::uint8_t kWrite = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE;
constexpr std::uint8_t kCreate = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE;

Input reader(Descriptor file, std::uint64_t offset) {
  Input stream;
  FileError error;
  if (!wasi_filesystem_types_method_descriptor_read_via_stream(borrow(file), offset, &stream, &error)) {
    guest::give_up();
  }
  return stream;
}

Output writer(Descriptor file, std::uint64_t offset) {
  Output stream;
  FileError error;
  if (!wasi_filesystem_types_method_descriptor_write_via_stream(borrow(file), offset, &stream, &error)) {
    guest::give_up();
  }
  return stream;
}

// --- steps ---

void streams() {
  const auto dir = folder();
  const auto a = open(dir, "a", 0, kRead);
  const auto in = reader(a, 0);
  say("read nothing", read(in, 0));
  say("blocking-read 2", blocking_read(in, 2));
  std::uint64_t skipped = 0;
  Stream error;
  wasi_io_streams_method_input_stream_blocking_skip(borrow(in), 2, &skipped, &error);
  say("blocking-skip 2", skipped);
  say("blocking-read rest", blocking_read(in, 100));
  say("blocking-read at the end", blocking_read(in, 100));
  say("read nothing at the end", read(in, 0));

  const auto far = reader(a, UINT64_MAX);
  say("blocking-read far out", blocking_read(far, 1));
  say("after the failure", blocking_read(far, 1));

  const auto out = open(dir, "out", kCreate, kRead | kWrite);
  const auto sink = writer(out, 0);
  say("check-write", check(sink));
  say("write", write(sink, "0123456789"));
  wasi_io_streams_method_output_stream_blocking_flush(borrow(sink), &error);
  say("check-write after flush", check(sink));
  say("write nothing", write(sink, ""));
  wasi_io_streams_method_output_stream_blocking_write_zeroes_and_flush(borrow(sink), 3, &error);
  std::uint64_t spliced = 0;
  const auto source = reader(a, 0);
  wasi_io_streams_method_output_stream_blocking_splice(borrow(sink), borrow(source), 4, &spliced, &error);
  say("blocking-splice 4", spliced);
  wasi_io_streams_method_output_stream_blocking_flush(borrow(sink), &error);
  const auto back = reader(out, 8);
  auto content = blocking_read(back, 100);
  for (char& c : content) {
    if (c == '\0') c = '0';
  }
  say("written", content);

  // Dropped with the write under way: it is in the file all the same.
  const auto hasty = writer(out, 0);
  say("check-write", check(hasty));
  say("write", write(hasty, std::string(65536, 'h')));
  wasi_io_streams_output_stream_drop_own(hasty);
  command_tuple2_list_u8_bool_t last;
  FileError file_error;
  wasi_filesystem_types_method_descriptor_read(borrow(out), 1, 65535, &last, &file_error);
  say("last byte", text(last.f0));

  const auto locked = open(dir, "a", 0, kRead);
  const auto refused = writer(locked, 0);
  auto list = lend("x");
  say("write to what is only read",
      wasi_io_streams_method_output_stream_blocking_write_and_flush(borrow(refused), &list, &error)
          ? "ok"
          : name(error));
  say("check-write after the failure", check(refused));
}

void poll() {
  using Pollable = wasi_io_poll_own_pollable_t;
  const auto past = wasi_clocks_monotonic_clock_subscribe_instant(0);
  const auto now = wasi_clocks_monotonic_clock_subscribe_duration(0);
  const auto soon = wasi_clocks_monotonic_clock_subscribe_duration(5'000'000);
  const auto never = wasi_clocks_monotonic_clock_subscribe_duration(UINT64_MAX);
  const auto ask = [](std::string_view step, std::vector<Pollable> pollables) {
    std::vector<wasi_io_poll_borrow_pollable_t> borrows;
    for (const auto one : pollables) borrows.push_back(wasi_io_poll_borrow_pollable(one));
    wasi_io_poll_list_borrow_pollable_t in{borrows.data(), borrows.size()};
    command_list_u32_t out;
    wasi_io_poll_poll(&in, &out);
    std::string indexes;
    for (std::size_t i = 0; i < out.len; ++i) indexes += guest::text_of(out.ptr[i]) + " ";
    say(step, indexes);
  };
  say_bool("past is ready", wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(past)));
  say_bool("never is ready", wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(never)));
  ask("past, now, never", {past, now, never});
  ask("never, past, past", {never, past, past});
  ask("soon and never", {never, soon});
  ask("soon once more", {soon});
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(soon));
  const auto out = wasi_cli_stdout_get_stdout();
  ask("standard output", {wasi_io_streams_method_output_stream_subscribe(borrow(out))});
  const auto in = wasi_cli_stdin_get_stdin();
  ask("standard input at its end", {wasi_io_streams_method_input_stream_subscribe(borrow(in))});
  // A guest that asks for no time again and again must still let its shard work.
  for (int i = 0; i < 1000; ++i) guest::wait_and_drop(wasi_clocks_monotonic_clock_subscribe_duration(0));
  say("a thousand times", "ok");
}

void files() {
  const auto dir = folder();
  FileError error = 255;
  auto name_of = guest::lend("..");
  wasi_filesystem_types_descriptor_stat_t stat;
  const auto answer = [&](std::string_view step, bool ok) {
    say(step, ok ? "ok" : "error " + guest::text_of(error));
  };
  answer("stat-at ..",
         wasi_filesystem_types_method_descriptor_stat_at(borrow(dir), 0, &name_of, &stat, &error));
  auto plain = guest::lend("a");
  answer("stat-at a", wasi_filesystem_types_method_descriptor_stat_at(borrow(dir), 0, &plain, &stat, &error));
  say("size", stat.size);
  wasi_filesystem_types_new_timestamp_t early{};
  early.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP;
  early.val.timestamp = {42, 7};
  wasi_filesystem_types_new_timestamp_t keep{};
  keep.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_NO_CHANGE;
  answer("set-times-at",
         wasi_filesystem_types_method_descriptor_set_times_at(borrow(dir), 0, &plain, &keep, &early, &error));
  wasi_filesystem_types_method_descriptor_stat_at(borrow(dir), 0, &plain, &stat, &error);
  say("modified at", stat.data_modification_timestamp.val.seconds);
  early.val.timestamp = {UINT64_MAX, 0};
  answer("set-times beyond",
         wasi_filesystem_types_method_descriptor_set_times_at(borrow(dir), 0, &plain, &keep, &early, &error));
  auto other = guest::lend("b");
  answer("link-at following", wasi_filesystem_types_method_descriptor_link_at(
                                  borrow(dir), WASI_FILESYSTEM_TYPES_PATH_FLAGS_SYMLINK_FOLLOW, &plain,
                                  borrow(dir), &other, &error));
  answer("link-at", wasi_filesystem_types_method_descriptor_link_at(borrow(dir), 0, &plain, borrow(dir),
                                                                    &other, &error));
  const auto a = open(dir, "a", 0, kRead);
  const auto b = open(dir, "b", 0, kRead);
  say_bool("same object", wasi_filesystem_types_method_descriptor_is_same_object(borrow(a), borrow(b)));
  wasi_filesystem_types_metadata_hash_value_t one, two;
  wasi_filesystem_types_method_descriptor_metadata_hash(borrow(a), &one, &error);
  wasi_filesystem_types_method_descriptor_metadata_hash_at(borrow(dir), 0, &other, &two, &error);
  say_bool("same hash", one.lower == two.lower && one.upper == two.upper);
  command_tuple2_list_u8_bool_t part;
  wasi_filesystem_types_method_descriptor_read(borrow(a), 100, 1, &part, &error);
  say("read", text(part.f0) + (part.f1 ? " end" : ""));
  wasi_filesystem_types_method_descriptor_read(borrow(a), 100, 5, &part, &error);
  say("read at the end", text(part.f0) + (part.f1 ? "end" : ""));
  std::uint64_t written = 0;
  auto bytes = lend("x");
  answer("write to what is only read",
         wasi_filesystem_types_method_descriptor_write(borrow(a), &bytes, 0, &written, &error));
  wasi_filesystem_types_own_directory_entry_stream_t entries;
  wasi_filesystem_types_method_descriptor_read_directory(borrow(dir), &entries, &error);
  std::uint64_t count = 0;
  wasi_filesystem_types_option_directory_entry_t entry;
  while (wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(
             wasi_filesystem_types_borrow_directory_entry_stream(entries), &entry, &error) &&
         entry.is_some) {
    ++count;
  }
  say("entries", count);
  // A stream lives on without its descriptor.
  const auto in = reader(a, 0);
  wasi_filesystem_types_descriptor_drop_own(a);
  say("read after the drop", blocking_read(in, 100));
}

using Tcp = wasi_sockets_tcp_own_tcp_socket_t;

Tcp tcp_socket() {
  Tcp socket;
  NetError error;
  if (!wasi_sockets_tcp_create_socket_create_tcp_socket(WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4, &socket,
                                                        &error)) {
    guest::give_up();
  }
  return socket;
}

auto borrow_tcp(Tcp socket) { return wasi_sockets_tcp_borrow_tcp_socket(socket); }

void tcp() {
  const auto server = borrow_tcp(tcp_socket());
  NetError e = 0;
  auto any = guest::address_of("127.0.0.1", 0);
  wasi_sockets_network_ip_socket_address_t address;
  say_net("finish-bind too early", wasi_sockets_tcp_method_tcp_socket_finish_bind(server, &e), e);
  say_net("start-listen unbound", wasi_sockets_tcp_method_tcp_socket_start_listen(server, &e), e);
  say_net("local-address unbound", wasi_sockets_tcp_method_tcp_socket_local_address(server, &address, &e), e);
  say_net("start-bind", wasi_sockets_tcp_method_tcp_socket_start_bind(server, network(), &any, &e), e);
  say_net("start-bind again", wasi_sockets_tcp_method_tcp_socket_start_bind(server, network(), &any, &e), e);
  say_net("start-listen while binding", wasi_sockets_tcp_method_tcp_socket_start_listen(server, &e), e);
  say_net("finish-listen while binding", wasi_sockets_tcp_method_tcp_socket_finish_listen(server, &e), e);
  say_net("finish-bind", wasi_sockets_tcp_method_tcp_socket_finish_bind(server, &e), e);
  say_net("start-bind once bound", wasi_sockets_tcp_method_tcp_socket_start_bind(server, network(), &any, &e),
          e);
  say_net("start-listen", wasi_sockets_tcp_method_tcp_socket_start_listen(server, &e), e);
  say_bool("listening before the finish", wasi_sockets_tcp_method_tcp_socket_is_listening(server));
  wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t accepted;
  say_net("accept before the finish", wasi_sockets_tcp_method_tcp_socket_accept(server, &accepted, &e), e);
  // Ready: nothing is waited for while a step is to be finished.
  guest::wait_and_drop(wasi_sockets_tcp_method_tcp_socket_subscribe(server));
  say_net("finish-listen", wasi_sockets_tcp_method_tcp_socket_finish_listen(server, &e), e);
  say_bool("listening", wasi_sockets_tcp_method_tcp_socket_is_listening(server));
  say_net("accept nobody", wasi_sockets_tcp_method_tcp_socket_accept(server, &accepted, &e), e);
  say_net("start-connect of a listener",
          wasi_sockets_tcp_method_tcp_socket_start_connect(server, network(), &any, &e), e);
  say_net("shutdown of a listener", wasi_sockets_tcp_method_tcp_socket_shutdown(server, 2, &e), e);

  wasi_sockets_tcp_method_tcp_socket_local_address(server, &address, &e);
  const auto client = borrow_tcp(tcp_socket());
  wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t halves;
  say_net("finish-connect too early", wasi_sockets_tcp_method_tcp_socket_finish_connect(client, &halves, &e),
          e);
  say_net("start-connect to port 0",
          wasi_sockets_tcp_method_tcp_socket_start_connect(client, network(), &any, &e), e);
  say_net("start-connect", wasi_sockets_tcp_method_tcp_socket_start_connect(client, network(), &address, &e),
          e);
  say_net("start-connect again",
          wasi_sockets_tcp_method_tcp_socket_start_connect(client, network(), &address, &e), e);
  guest::wait_and_drop(wasi_sockets_tcp_method_tcp_socket_subscribe(client));
  say_net("finish-connect", wasi_sockets_tcp_method_tcp_socket_finish_connect(client, &halves, &e), e);
  say_net("finish-connect again", wasi_sockets_tcp_method_tcp_socket_finish_connect(client, &halves, &e), e);
  say_net("start-connect once connected",
          wasi_sockets_tcp_method_tcp_socket_start_connect(client, network(), &address, &e), e);
  guest::wait_and_drop(wasi_sockets_tcp_method_tcp_socket_subscribe(server));
  say_net("accept", wasi_sockets_tcp_method_tcp_socket_accept(server, &accepted, &e), e);

  say("write before check-write", check(accepted.f2));
  say("write", write(accepted.f2, "hello"));
  say("read", blocking_read(halves.f0, 100));
  say("read nothing there", read(halves.f0, 100));
  say_net("shutdown send", wasi_sockets_tcp_method_tcp_socket_shutdown(borrow_tcp(accepted.f0), 1, &e), e);
  say("check-write after shutdown", check(accepted.f2));
  say("read at the end", blocking_read(halves.f0, 100));
  say_net("shutdown both", wasi_sockets_tcp_method_tcp_socket_shutdown(client, 2, &e), e);
  say("read after shutdown", read(halves.f0, 100));
}

void udp() {
  NetError e = 0;
  wasi_sockets_udp_own_udp_socket_t own;
  wasi_sockets_udp_create_socket_create_udp_socket(WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4, &own, &e);
  const auto socket = wasi_sockets_udp_borrow_udp_socket(own);
  wasi_sockets_udp_tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t halves;
  say_net("stream unbound", wasi_sockets_udp_method_udp_socket_stream(socket, nullptr, &halves, &e), e);
  auto any = guest::address_of("127.0.0.1", 0);
  say_net("finish-bind too early", wasi_sockets_udp_method_udp_socket_finish_bind(socket, &e), e);
  say_net("start-bind", wasi_sockets_udp_method_udp_socket_start_bind(socket, network(), &any, &e), e);
  say_net("start-bind again", wasi_sockets_udp_method_udp_socket_start_bind(socket, network(), &any, &e), e);
  say_net("finish-bind", wasi_sockets_udp_method_udp_socket_finish_bind(socket, &e), e);
  wasi_sockets_network_ip_socket_address_t address;
  say_net("remote-address", wasi_sockets_udp_method_udp_socket_remote_address(socket, &address, &e), e);
  say_net("stream", wasi_sockets_udp_method_udp_socket_stream(socket, nullptr, &halves, &e), e);
  std::uint64_t permit = 0;
  const auto out = wasi_sockets_udp_borrow_outgoing_datagram_stream(halves.f1);
  say_net("check-send", wasi_sockets_udp_method_outgoing_datagram_stream_check_send(out, &permit, &e), e);
  say_bool("may send", permit > 0);
  auto word = lend("x");
  wasi_sockets_udp_outgoing_datagram_t datagram{word, {}};
  wasi_sockets_udp_list_outgoing_datagram_t list{&datagram, 1};
  std::uint64_t sent = 0;
  say_net("send to nobody", wasi_sockets_udp_method_outgoing_datagram_stream_send(out, &list, &sent, &e), e);
  wasi_sockets_udp_list_incoming_datagram_t received;
  const auto in = wasi_sockets_udp_borrow_incoming_datagram_stream(halves.f0);
  say_net("receive nothing", wasi_sockets_udp_method_incoming_datagram_stream_receive(in, 5, &received, &e),
          e);
  say("received", received.len);
}

// --- what must trap ---

bool trap(std::string_view what) {
  const auto out = wasi_cli_stdout_get_stdout();
  Stream error;
  if (what == "empty-poll") {
    wasi_io_poll_list_borrow_pollable_t none{nullptr, 0};
    command_list_u32_t ready;
    wasi_io_poll_poll(&none, &ready);
  } else if (what == "write-beyond-permit") {
    write(out, "no check-write came first");
  } else if (what == "large-blocking-write") {
    static char bytes[4097];
    auto list = lend({bytes, sizeof bytes});
    wasi_io_streams_method_output_stream_blocking_write_and_flush(borrow(out), &list, &error);
  } else if (what == "large-blocking-zeroes") {
    wasi_io_streams_method_output_stream_blocking_write_zeroes_and_flush(borrow(out), 4097, &error);
  } else if (what == "zeroes-beyond-permit") {
    wasi_io_streams_method_output_stream_write_zeroes(borrow(out), UINT64_MAX, &error);
  } else if (what == "drop-stream-before-pollable") {
    wasi_io_streams_method_output_stream_subscribe(borrow(out));
    wasi_io_streams_output_stream_drop_own(out);
  } else if (what == "drop-socket-before-pollable") {
    const auto socket = tcp_socket();
    wasi_sockets_tcp_method_tcp_socket_subscribe(borrow_tcp(socket));
    wasi_sockets_tcp_tcp_socket_drop_own(socket);
  } else if (what == "too-many-random-bytes") {
    command_list_u8_t bytes;
    wasi_random_random_get_random_bytes(UINT64_MAX, &bytes);
  } else {
    return false;
  }
  guest::print("survived\n");
  return true;
}

}  // namespace

bool exports_wasi_cli_run_run() {
  const auto words = guest::arguments();
  if (words.size() == 3 && words[1] == "trap") return trap(words[2]);
  if (words.size() != 2) return false;
  if (words[1] == "streams") return streams(), true;
  if (words[1] == "poll") return poll(), true;
  if (words[1] == "files") return files(), true;
  if (words[1] == "tcp") return tcp(), true;
  if (words[1] == "udp") return udp(), true;
  return false;
}
