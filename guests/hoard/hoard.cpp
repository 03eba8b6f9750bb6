// Takes of one kind of thing without end and gives nothing back: `hoard KIND` says how many the host gave and
// how it refused the next one. Where the interface has no error for that, the host traps. The kinds are in
// kKinds; those of files need a preopened folder.
#include "sockets.hpp"

#include <optional>

namespace {

using FileError = wasi_filesystem_types_error_code_t;
using Descriptor = wasi_filesystem_types_own_descriptor_t;

/// Takes one more; what the host said when it refuses.
using Refusal = std::optional<std::string>;

Refusal unless(bool ok, guest::SocketError error) {
  if (ok) return std::nullopt;
  return std::string{guest::name_of(error)};
}

Refusal unless_file(bool ok, FileError error) {
  if (ok) return std::nullopt;
  return error == WASI_FILESYSTEM_TYPES_ERROR_CODE_QUOTA ? "quota" : "file error " + guest::text_of(error);
}

Refusal pollable() {
  wasi_clocks_monotonic_clock_subscribe_duration(1'000'000'000);
  return std::nullopt;
}

Refusal stream() {
  wasi_cli_stdout_get_stdout();
  return std::nullopt;
}

Refusal tcp() {
  wasi_sockets_tcp_own_tcp_socket_t socket;
  guest::SocketError error;
  return unless(wasi_sockets_tcp_create_socket_create_tcp_socket(WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4,
                                                                 &socket, &error),
                error);
}

Refusal udp() {
  wasi_sockets_udp_own_udp_socket_t socket;
  guest::SocketError error;
  return unless(wasi_sockets_udp_create_socket_create_udp_socket(WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4,
                                                                 &socket, &error),
                error);
}

/// A connection to a listener of this guest, accepted: two sockets.
Refusal connection() {
  static wasi_sockets_tcp_borrow_tcp_socket_t listener;
  static guest::Address address;
  guest::SocketError error;
  wasi_sockets_tcp_own_tcp_socket_t socket;
  const auto create = [&] {
    return wasi_sockets_tcp_create_socket_create_tcp_socket(WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4,
                                                            &socket, &error);
  };
  static bool listens = false;
  if (!listens) {
    if (!create()) return unless(false, error);
    listener = wasi_sockets_tcp_borrow_tcp_socket(socket);
    auto any = guest::address_of("127.0.0.1", 0);
    if (!wasi_sockets_tcp_method_tcp_socket_start_bind(listener, guest::network(), &any, &error) ||
        !wasi_sockets_tcp_method_tcp_socket_finish_bind(listener, &error) ||
        !wasi_sockets_tcp_method_tcp_socket_start_listen(listener, &error) ||
        !wasi_sockets_tcp_method_tcp_socket_finish_listen(listener, &error) ||
        !wasi_sockets_tcp_method_tcp_socket_local_address(listener, &address, &error)) {
      return unless(false, error);
    }
    listens = true;
  }
  if (!create()) return unless(false, error);
  const auto client = wasi_sockets_tcp_borrow_tcp_socket(socket);
  if (!wasi_sockets_tcp_method_tcp_socket_start_connect(client, guest::network(), &address, &error))
    return unless(false, error);
  wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t accepted;
  while (!wasi_sockets_tcp_method_tcp_socket_accept(listener, &accepted, &error)) {
    if (error != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) return unless(false, error);
    guest::wait_and_drop(wasi_sockets_tcp_method_tcp_socket_subscribe(listener));
  }
  return std::nullopt;
}

Refusal lookup() {
  auto name = guest::lend("localhost");
  wasi_sockets_ip_name_lookup_own_resolve_address_stream_t stream;
  guest::SocketError error;
  return unless(wasi_sockets_ip_name_lookup_resolve_addresses(guest::network(), &name, &stream, &error),
                error);
}

Descriptor folder() {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t list;
  wasi_filesystem_preopens_get_directories(&list);
  if (list.len == 0) guest::give_up();
  return list.ptr[0].f0;
}

auto borrowed_folder() {
  static const auto own = folder();
  return wasi_filesystem_types_borrow_descriptor(own);
}

Refusal open(std::string_view path, std::uint8_t how, Descriptor& descriptor) {
  auto lent = guest::lend(path);
  FileError error;
  return unless_file(
      wasi_filesystem_types_method_descriptor_open_at(
          borrowed_folder(), 0, &lent, how, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &descriptor, &error),
      error);
}

Refusal directory() {
  Descriptor descriptor;
  return open(".", WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY, descriptor);
}

Refusal file() {
  Descriptor descriptor;
  return open("file", 0, descriptor);
}

/// The folder itself, as often as the host hands it out.
Refusal preopen() {
  folder();
  return std::nullopt;
}

Refusal entries() {
  wasi_filesystem_types_own_directory_entry_stream_t stream;
  FileError error;
  return unless_file(
      wasi_filesystem_types_method_descriptor_read_directory(borrowed_folder(), &stream, &error), error);
}

Refusal file_stream() {
  static Descriptor descriptor;
  static const auto refused = open("file", 0, descriptor);
  if (refused) return refused;
  wasi_io_streams_own_input_stream_t stream;
  FileError error;
  return unless_file(wasi_filesystem_types_method_descriptor_read_via_stream(
                         wasi_filesystem_types_borrow_descriptor(descriptor), 0, &stream, &error),
                     error);
}

constexpr struct {
  std::string_view name;
  Refusal (*take)();
} kKinds[] = {
    {"pollables", pollable},
    {"streams", stream},
    {"tcp", tcp},
    {"udp", udp},
    {"connections", connection},
    {"lookups", lookup},
    {"directories", directory},
    {"files", file},
    {"preopens", preopen},
    {"entries", entries},
    {"file-streams", file_stream},
};

}  // namespace

bool exports_wasi_cli_run_run() {
  const auto words = guest::arguments();
  for (const auto& kind : kKinds) {
    if (words.size() != 2 || words[1] != kind.name) continue;
    for (std::uint64_t count = 0;; ++count) {
      if (const auto refusal = kind.take()) {
        guest::print("had " + guest::text_of(count) + ", then " + *refusal + "\n");
        return true;
      }
    }
  }
  return false;
}
