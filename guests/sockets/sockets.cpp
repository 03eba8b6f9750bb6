// TCP, UDP and name lookup on the interfaces of wasi:sockets@0.2 themselves. Errors are printed by name and
// end with failure.
//
// - `tcp-serve ADDRESS PORT COUNT`: echoes COUNT connections, one after the other; prints its port
// - `tcp-send ADDRESS PORT TEXT`: sends a text and prints what comes back
// - `tcp-self`: a server and a client in one instance
// - `udp-serve ADDRESS PORT COUNT`: echoes COUNT datagrams; prints its port
// - `udp-send ADDRESS PORT TEXT`: sends a datagram and prints the answer
// - `udp-drop ADDRESS PORT TEXT`: as udp-send, without the stream as soon as that has taken the datagram
// - `resolve NAME`: prints the addresses of a name
// - `tcp-leave ADDRESS PORT`: gives up a connection that does not come about, and waiting for one
// - `udp-leave ADDRESS PORT`: gives up receiving, and then converses with a remote address alone
#include "sockets.hpp"

#include <optional>

namespace {

using guest::Address;
using guest::address_of;
using guest::family_of;
using guest::network;
using guest::port_of;
using Error = guest::SocketError;

/// Prints what went wrong; the answer of whoever failed.
bool failed(std::string_view step, Error error) {
  guest::print(std::string{step} + ": " + std::string{guest::name_of(error)} + "\n");
  return false;
}

// --- TCP ---

struct Connection {
  wasi_sockets_tcp_own_tcp_socket_t socket;
  wasi_io_streams_own_input_stream_t input;
  wasi_io_streams_own_output_stream_t output;
};

wasi_sockets_tcp_borrow_tcp_socket_t borrow(wasi_sockets_tcp_own_tcp_socket_t socket) {
  return wasi_sockets_tcp_borrow_tcp_socket(socket);
}

void wait_for(wasi_sockets_tcp_own_tcp_socket_t socket) {
  guest::wait_and_drop(wasi_sockets_tcp_method_tcp_socket_subscribe(borrow(socket)));
}

/// Repeats `attempt` until it says something else than would-block, waiting for the socket in between.
template <typename Attempt>
bool finish(wasi_sockets_tcp_own_tcp_socket_t socket, Error& error, Attempt attempt) {
  while (!attempt()) {
    if (error != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) return false;
    wait_for(socket);
  }
  return true;
}

void close(const Connection& connection) {
  wasi_io_streams_input_stream_drop_own(connection.input);
  wasi_io_streams_output_stream_drop_own(connection.output);
  wasi_sockets_tcp_tcp_socket_drop_own(connection.socket);
}

std::optional<wasi_sockets_tcp_own_tcp_socket_t> listen(Address address) {
  wasi_sockets_tcp_own_tcp_socket_t socket;
  Error error;
  if (!wasi_sockets_tcp_create_socket_create_tcp_socket(family_of(address), &socket, &error)) {
    failed("create", error);
    return std::nullopt;
  }
  const auto self = borrow(socket);
  if (!wasi_sockets_tcp_method_tcp_socket_start_bind(self, network(), &address, &error) ||
      !finish(socket, error, [&] { return wasi_sockets_tcp_method_tcp_socket_finish_bind(self, &error); })) {
    failed("bind", error);
    return std::nullopt;
  }
  if (!wasi_sockets_tcp_method_tcp_socket_start_listen(self, &error) || !finish(socket, error, [&] {
        return wasi_sockets_tcp_method_tcp_socket_finish_listen(self, &error);
      })) {
    failed("listen", error);
    return std::nullopt;
  }
  return socket;
}

std::uint16_t local_port(wasi_sockets_tcp_own_tcp_socket_t socket) {
  Address address;
  Error error;
  return wasi_sockets_tcp_method_tcp_socket_local_address(borrow(socket), &address, &error) ? port_of(address)
                                                                                            : 0;
}

std::optional<Connection> accept(wasi_sockets_tcp_own_tcp_socket_t listener) {
  wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t accepted;
  Error error;
  if (!finish(listener, error, [&] {
        return wasi_sockets_tcp_method_tcp_socket_accept(borrow(listener), &accepted, &error);
      })) {
    failed("accept", error);
    return std::nullopt;
  }
  return Connection{accepted.f0, accepted.f1, accepted.f2};
}

std::optional<wasi_sockets_tcp_own_tcp_socket_t> start_connect(Address address) {
  wasi_sockets_tcp_own_tcp_socket_t socket;
  Error error;
  if (!wasi_sockets_tcp_create_socket_create_tcp_socket(family_of(address), &socket, &error)) {
    failed("create", error);
    return std::nullopt;
  }
  if (!wasi_sockets_tcp_method_tcp_socket_start_connect(borrow(socket), network(), &address, &error)) {
    failed("connect", error);
    return std::nullopt;
  }
  return socket;
}

std::optional<Connection> finish_connect(wasi_sockets_tcp_own_tcp_socket_t socket) {
  wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t streams;
  Error error;
  if (!finish(socket, error, [&] {
        return wasi_sockets_tcp_method_tcp_socket_finish_connect(borrow(socket), &streams, &error);
      })) {
    failed("connect", error);
    return std::nullopt;
  }
  return Connection{socket, streams.f0, streams.f1};
}

/// Waits until both sockets have something to say, polling for the two together.
void wait_for_both(wasi_sockets_tcp_own_tcp_socket_t first, wasi_sockets_tcp_own_tcp_socket_t second) {
  std::vector<wasi_io_poll_own_pollable_t> waiting{
      wasi_sockets_tcp_method_tcp_socket_subscribe(borrow(first)),
      wasi_sockets_tcp_method_tcp_socket_subscribe(borrow(second))};
  while (!waiting.empty()) {
    std::vector<wasi_io_poll_borrow_pollable_t> borrowed;
    for (const auto pollable : waiting) borrowed.push_back(wasi_io_poll_borrow_pollable(pollable));
    wasi_io_poll_list_borrow_pollable_t list{borrowed.data(), borrowed.size()};
    command_list_u32_t ready;
    wasi_io_poll_poll(&list, &ready);
    std::erase_if(waiting, [](const auto pollable) {
      if (!wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(pollable))) return false;
      wasi_io_poll_pollable_drop_own(pollable);
      return true;
    });
    command_list_u32_free(&ready);
  }
}

/// The next bytes of a connection, none at its end.
std::optional<std::string> read(const Connection& connection) {
  command_list_u8_t bytes;
  wasi_io_streams_stream_error_t error;
  if (!wasi_io_streams_method_input_stream_blocking_read(
          wasi_io_streams_borrow_input_stream(connection.input), 65536, &bytes, &error)) {
    wasi_io_streams_stream_error_free(&error);
    return std::nullopt;
  }
  std::string out{reinterpret_cast<const char*>(bytes.ptr), bytes.len};
  command_list_u8_free(&bytes);
  return out;
}

bool send(const Connection& connection, std::string_view text) {
  return guest::write(wasi_io_streams_borrow_output_stream(connection.output), text);
}

void end_sending(const Connection& connection) {
  Error error;
  if (!wasi_sockets_tcp_method_tcp_socket_shutdown(borrow(connection.socket),
                                                   WASI_SOCKETS_TCP_SHUTDOWN_TYPE_SEND, &error)) {
    failed("shutdown", error);
  }
}

void echo(const Connection& connection) {
  while (const auto bytes = read(connection)) {
    if (!send(connection, *bytes)) break;
  }
  close(connection);
}

bool tcp_serve(const std::vector<std::string>& words) {
  const auto listener = listen(address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3]))));
  if (!listener) return false;
  guest::print("listening on " + guest::text_of(local_port(*listener)) + "\n");
  for (auto left = guest::number(words[4]); left > 0; --left) {
    const auto connection = accept(*listener);
    if (!connection) return false;
    echo(*connection);
  }
  return true;
}

bool tcp_send(const std::vector<std::string>& words) {
  const auto socket =
      start_connect(address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3]))));
  const auto connection = socket ? finish_connect(*socket) : std::nullopt;
  if (!connection) return false;
  if (!send(*connection, words[4])) return false;
  end_sending(*connection);
  while (const auto bytes = read(*connection)) guest::print(*bytes);
  guest::print("\n");
  close(*connection);
  return true;
}

bool tcp_self(const std::vector<std::string>&) {
  const auto listener = listen(address_of("127.0.0.1", 0));
  if (!listener) return false;
  const auto connecting = start_connect(address_of("127.0.0.1", local_port(*listener)));
  if (!connecting) return false;
  // Neither end waits for the other: a host may let a connection advance only while it is polled for.
  wait_for_both(*listener, *connecting);
  const auto client = finish_connect(*connecting);
  const auto server = accept(*listener);
  if (!server || !client) return false;
  if (!send(*client, "over tcp")) return false;
  end_sending(*client);
  echo(*server);
  std::string answer;
  while (const auto bytes = read(*client)) answer += *bytes;
  close(*client);
  guest::print("tcp-self got " + answer + "\n");
  return answer == "over tcp";
}

// --- UDP ---

struct Datagrams {
  wasi_sockets_udp_own_udp_socket_t socket;
  wasi_sockets_udp_own_incoming_datagram_stream_t incoming;
  wasi_sockets_udp_own_outgoing_datagram_stream_t outgoing;
};

std::optional<Datagrams> open_udp(Address local) {
  wasi_sockets_udp_own_udp_socket_t socket;
  Error error;
  if (!wasi_sockets_udp_create_socket_create_udp_socket(family_of(local), &socket, &error)) {
    failed("create", error);
    return std::nullopt;
  }
  const auto self = wasi_sockets_udp_borrow_udp_socket(socket);
  if (!wasi_sockets_udp_method_udp_socket_start_bind(self, network(), &local, &error) ||
      !wasi_sockets_udp_method_udp_socket_finish_bind(self, &error)) {
    failed("bind", error);
    return std::nullopt;
  }
  wasi_sockets_udp_tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t streams;
  if (!wasi_sockets_udp_method_udp_socket_stream(self, nullptr, &streams, &error)) {
    failed("stream", error);
    return std::nullopt;
  }
  return Datagrams{socket, streams.f0, streams.f1};
}

struct Datagram {
  std::string data;
  Address remote;
};

std::optional<Datagram> receive(const Datagrams& udp) {
  const auto self = wasi_sockets_udp_borrow_incoming_datagram_stream(udp.incoming);
  for (;;) {
    wasi_sockets_udp_list_incoming_datagram_t list;
    Error error;
    if (!wasi_sockets_udp_method_incoming_datagram_stream_receive(self, 1, &list, &error)) {
      failed("receive", error);
      return std::nullopt;
    }
    if (list.len == 1) {
      Datagram out{{reinterpret_cast<const char*>(list.ptr->data.ptr), list.ptr->data.len},
                   list.ptr->remote_address};
      wasi_sockets_udp_list_incoming_datagram_free(&list);
      return out;
    }
    guest::wait_and_drop(wasi_sockets_udp_method_incoming_datagram_stream_subscribe(self));
  }
}

bool send(const Datagrams& udp, const Datagram& datagram) {
  const auto self = wasi_sockets_udp_borrow_outgoing_datagram_stream(udp.outgoing);
  std::uint64_t room = 0;
  Error error;
  for (;;) {
    if (!wasi_sockets_udp_method_outgoing_datagram_stream_check_send(self, &room, &error)) {
      return failed("check-send", error);
    }
    if (room > 0) break;
    guest::wait_and_drop(wasi_sockets_udp_method_outgoing_datagram_stream_subscribe(self));
  }
  const auto bytes = guest::lend(datagram.data);
  wasi_sockets_udp_outgoing_datagram_t one{{bytes.ptr, bytes.len}, {true, datagram.remote}};
  wasi_sockets_udp_list_outgoing_datagram_t list{&one, 1};
  std::uint64_t sent = 0;
  if (!wasi_sockets_udp_method_outgoing_datagram_stream_send(self, &list, &sent, &error))
    return failed("send", error);
  return sent == 1;
}

bool udp_serve(const std::vector<std::string>& words) {
  const auto udp = open_udp(address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3]))));
  if (!udp) return false;
  Address local;
  Error error;
  if (!wasi_sockets_udp_method_udp_socket_local_address(wasi_sockets_udp_borrow_udp_socket(udp->socket),
                                                        &local, &error)) {
    return failed("local-address", error);
  }
  guest::print("listening on " + guest::text_of(port_of(local)) + "\n");
  for (auto left = guest::number(words[4]); left > 0; --left) {
    const auto datagram = receive(*udp);
    if (!datagram || !send(*udp, *datagram)) return false;
  }
  return true;
}

enum class Afterwards { keep, drop };

bool udp_send(const std::vector<std::string>& words, Afterwards stream) {
  const auto remote = address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3])));
  const bool v4 = remote.tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4;
  const auto udp = open_udp(address_of(v4 ? "0.0.0.0" : "::1", 0));
  if (!udp || !send(*udp, {words[4], remote})) return false;
  if (stream == Afterwards::drop) wasi_sockets_udp_outgoing_datagram_stream_drop_own(udp->outgoing);
  const auto answer = receive(*udp);
  if (!answer) return false;
  guest::print(answer->data + "\n");
  return true;
}
bool udp_send(const std::vector<std::string>& words) { return udp_send(words, Afterwards::keep); }
bool udp_drop(const std::vector<std::string>& words) { return udp_send(words, Afterwards::drop); }

// --- what is begun and given up ---

bool tcp_leave(const std::vector<std::string>& words) {
  const auto connecting =
      start_connect(address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3]))));
  if (!connecting) return false;
  wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t streams;
  Error error;
  if (wasi_sockets_tcp_method_tcp_socket_finish_connect(borrow(*connecting), &streams, &error))
    return failed("connect", WASI_SOCKETS_NETWORK_ERROR_CODE_UNKNOWN);
  if (error != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) return failed("connect", error);
  wasi_sockets_tcp_tcp_socket_drop_own(*connecting);
  const auto listener = listen(address_of("127.0.0.1", 0));
  if (!listener) return false;
  wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t accepted;
  if (wasi_sockets_tcp_method_tcp_socket_accept(borrow(*listener), &accepted, &error))
    return failed("accept", WASI_SOCKETS_NETWORK_ERROR_CODE_UNKNOWN);
  if (error != WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) return failed("accept", error);
  wasi_sockets_tcp_tcp_socket_drop_own(*listener);
  guest::print("left\n");
  return true;
}

bool udp_leave(const std::vector<std::string>& words) {
  auto remote = address_of(words[2], static_cast<std::uint16_t>(guest::number(words[3])));
  auto udp = open_udp(address_of("127.0.0.1", 0));
  if (!udp) return false;
  for (int i = 0; i < 4; ++i) {
    wasi_sockets_udp_incoming_datagram_stream_drop_own(udp->incoming);
    wasi_sockets_udp_outgoing_datagram_stream_drop_own(udp->outgoing);
    const bool connected = i % 2 == 0;
    wasi_sockets_udp_tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t streams;
    Error error;
    if (!wasi_sockets_udp_method_udp_socket_stream(wasi_sockets_udp_borrow_udp_socket(udp->socket),
                                                   connected ? &remote : nullptr, &streams, &error))
      return failed("stream", error);
    udp->incoming = streams.f0;
    udp->outgoing = streams.f1;
    if (!connected) continue;
    if (!send(*udp, {"datagram", remote})) return false;
    const auto answer = receive(*udp);
    if (!answer) return false;
    guest::print(answer->data + "\n");
  }
  return true;
}

// --- names ---

bool resolve(const std::vector<std::string>& words) {
  auto name = guest::lend(words[2]);
  wasi_sockets_ip_name_lookup_own_resolve_address_stream_t stream;
  Error error;
  if (!wasi_sockets_ip_name_lookup_resolve_addresses(network(), &name, &stream, &error))
    return failed("resolve", error);
  const auto self = wasi_sockets_ip_name_lookup_borrow_resolve_address_stream(stream);
  for (;;) {
    wasi_sockets_ip_name_lookup_option_ip_address_t address;
    if (wasi_sockets_ip_name_lookup_method_resolve_address_stream_resolve_next_address(self, &address,
                                                                                       &error)) {
      if (!address.is_some) return true;
      guest::print(guest::text_of(address.val) + "\n");
    } else if (error == WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK) {
      guest::wait_and_drop(wasi_sockets_ip_name_lookup_method_resolve_address_stream_subscribe(self));
    } else {
      return failed("resolve", error);
    }
  }
}

constexpr struct {
  std::string_view name;
  std::size_t words;
  bool (*run)(const std::vector<std::string>&);
} kCommands[] = {
    {"tcp-serve", 5, tcp_serve}, {"tcp-send", 5, tcp_send},   {"tcp-self", 2, tcp_self},
    {"udp-serve", 5, udp_serve}, {"udp-send", 5, udp_send},   {"resolve", 3, resolve},
    {"tcp-leave", 4, tcp_leave}, {"udp-leave", 4, udp_leave}, {"udp-drop", 5, udp_drop},
};

}  // namespace

bool exports_wasi_cli_run_run() {
  const auto words = guest::arguments();
  for (const auto& command : kCommands) {
    if (words.size() == command.words && words[1] == command.name) return command.run(words);
  }
  guest::print(
      "usage: tcp-serve|tcp-send|udp-serve|udp-send ADDRESS PORT COUNT|TEXT, tcp-self, resolve NAME\n");
  return false;
}
