// TCP, UDP and name lookup on the interfaces of wasi:sockets@0.3 themselves, in straight lines. Says what
// `sockets` says, which is the same over those of 0.2: tcp-serve, tcp-send, tcp-self, udp-serve, udp-send,
// resolve. `tcp-leave ADDRESS PORT` gives up a connection that does not come about, and waiting for one;
// `udp-leave ADDRESS PORT` gives up receiving, and then converses with a remote address alone.
#include "command.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef wasi_sockets_types_ip_socket_address_t address_t;
typedef wasi_sockets_types_error_code_t error_t;
typedef wasi_sockets_types_own_tcp_socket_t tcp_t;
typedef wasi_sockets_types_own_udp_socket_t udp_t;
typedef wasi_sockets_types_tuple2_stream_u8_future_result_void_error_code_t received_t;

static command_waitable_set_t set;

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
static bool write_all(uint32_t writer, const void* bytes, size_t length) {
  const uint8_t* at = bytes;
  while (length > 0) {
    const uint32_t status = settle(writer, wasi_sockets_types_stream_u8_write(writer, at, length));
    at += COMMAND_WAITABLE_COUNT(status);
    length -= COMMAND_WAITABLE_COUNT(status);
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) return length == 0;
  }
  return true;
}

static void print(const void* text, size_t length) {
  wasi_cli_stdin_stream_u8_writer_t writer;
  const uint32_t done = wasi_cli_stdout_write_via_stream(wasi_cli_stdin_stream_u8_new(&writer));
  write_all(writer, text, length);
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  wasi_cli_stdin_result_void_error_code_t result;
  settle(done, wasi_cli_stdin_future_result_void_error_code_read(done, &result));
  wasi_cli_stdin_future_result_void_error_code_drop_readable(done);
}
static void say(const char* text) { print(text, strlen(text)); }

static void say_number(uint32_t number) {
  char digits[10];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  print(digits + at, sizeof digits - at);
}

static const char* const kErrors[] = {"access-denied",
                                      "not-supported",
                                      "invalid-argument",
                                      "out-of-memory",
                                      "timeout",
                                      "invalid-state",
                                      "address-not-bindable",
                                      "address-in-use",
                                      "remote-unreachable",
                                      "connection-refused",
                                      "connection-broken",
                                      "connection-reset",
                                      "connection-aborted",
                                      "datagram-too-large",
                                      "other"};
static const char* const kLookupErrors[] = {"access-denied",
                                            "invalid-argument",
                                            "name-unresolvable",
                                            "temporary-resolver-failure",
                                            "permanent-resolver-failure",
                                            "other"};

/// Prints what went wrong; the answer of whoever failed.
static bool failed(const char* step, const char* error) {
  say(step);
  say(": ");
  say(error);
  say("\n");
  return false;
}

/// IPv4 in dotted form, and of IPv6 the loopback address `::1`, which is what the tests need.
static address_t address_of(const char* text, const char* port) {
  address_t address;
  memset(&address, 0, sizeof address);
  if (strcmp(text, "::1") == 0) {
    address.tag = WASI_SOCKETS_TYPES_IP_SOCKET_ADDRESS_IPV6;
    address.val.ipv6.port = (uint16_t)atoi(port);
    address.val.ipv6.address.f7 = 1;
    return address;
  }
  address.tag = WASI_SOCKETS_TYPES_IP_SOCKET_ADDRESS_IPV4;
  address.val.ipv4.port = (uint16_t)atoi(port);
  uint8_t* const parts[] = {&address.val.ipv4.address.f0, &address.val.ipv4.address.f1,
                            &address.val.ipv4.address.f2, &address.val.ipv4.address.f3};
  for (size_t i = 0; i < 4; ++i) {
    *parts[i] = (uint8_t)atoi(text);
    while (*text != 0 && *text != '.') ++text;
    if (*text == '.') ++text;
  }
  return address;
}
static uint16_t port_of(const address_t* address) {
  return address->tag == WASI_SOCKETS_TYPES_IP_SOCKET_ADDRESS_IPV4 ? address->val.ipv4.port
                                                                   : address->val.ipv6.port;
}

// --- TCP

static bool flow_ok(uint32_t future) {
  wasi_sockets_types_result_void_error_code_t result;
  settle(future, wasi_sockets_types_future_result_void_error_code_read(future, &result));
  wasi_sockets_types_future_result_void_error_code_drop_readable(future);
  return !result.is_err || failed("stream", kErrors[result.val.err.tag]);
}

static bool listen_at(address_t address, tcp_t* socket,
                      wasi_sockets_types_stream_own_tcp_socket_t* connections) {
  error_t error;
  if (!wasi_sockets_types_static_tcp_socket_create(address.tag, socket, &error))
    return failed("create", kErrors[error.tag]);
  const wasi_sockets_types_borrow_tcp_socket_t self = wasi_sockets_types_borrow_tcp_socket(*socket);
  if (!wasi_sockets_types_method_tcp_socket_bind(self, &address, &error))
    return failed("bind", kErrors[error.tag]);
  if (!wasi_sockets_types_method_tcp_socket_listen(self, connections, &error))
    return failed("listen", kErrors[error.tag]);
  return true;
}

static bool local_address(tcp_t socket, address_t* out) {
  error_t error;
  return wasi_sockets_types_method_tcp_socket_get_local_address(wasi_sockets_types_borrow_tcp_socket(socket),
                                                                out, &error) ||
         failed("local-address", kErrors[error.tag]);
}

static bool accept_one(wasi_sockets_types_stream_own_tcp_socket_t connections, tcp_t* socket) {
  const uint32_t status =
      settle(connections, wasi_sockets_types_stream_own_tcp_socket_read(connections, socket, 1));
  return COMMAND_WAITABLE_COUNT(status) == 1 || failed("accept", "nobody");
}

static bool connect_to(address_t address, tcp_t* socket) {
  error_t error;
  if (!wasi_sockets_types_static_tcp_socket_create(address.tag, socket, &error))
    return failed("create", kErrors[error.tag]);
  wasi_sockets_types_method_tcp_socket_connect_args_t arguments = {
      wasi_sockets_types_borrow_tcp_socket(*socket), address};
  wasi_sockets_types_result_void_error_code_t result;
  await(wasi_sockets_types_method_tcp_socket_connect(&arguments, &result));
  return !result.is_err || failed("connect", kErrors[result.val.err.tag]);
}

/// Sends what comes through this instance's memory.
static bool echo(tcp_t socket) {
  static uint8_t buffer[50000];
  const wasi_sockets_types_borrow_tcp_socket_t self = wasi_sockets_types_borrow_tcp_socket(socket);
  wasi_sockets_types_stream_u8_writer_t writer;
  const uint32_t sent =
      wasi_sockets_types_method_tcp_socket_send(self, wasi_sockets_types_stream_u8_new(&writer));
  received_t received;
  wasi_sockets_types_method_tcp_socket_receive(self, &received);
  // The streams do not need the socket.
  wasi_sockets_types_tcp_socket_drop_own(socket);
  for (;;) {
    const uint32_t status =
        settle(received.f0, wasi_sockets_types_stream_u8_read(received.f0, buffer, sizeof buffer));
    if (!write_all(writer, buffer, COMMAND_WAITABLE_COUNT(status))) break;
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) break;
  }
  wasi_sockets_types_stream_u8_drop_readable(received.f0);
  wasi_sockets_types_stream_u8_drop_writable(writer);
  const bool all_sent = flow_ok(sent);
  return flow_ok(received.f1) && all_sent;
}

static bool tcp_serve(char** words) {
  tcp_t listener;
  wasi_sockets_types_stream_own_tcp_socket_t connections;
  address_t local;
  if (!listen_at(address_of(words[2], words[3]), &listener, &connections) || !local_address(listener, &local))
    return false;
  say("listening on ");
  say_number(port_of(&local));
  say("\n");
  for (int left = atoi(words[4]); left > 0; --left) {
    tcp_t socket;
    if (!accept_one(connections, &socket) || !echo(socket)) return false;
  }
  return true;
}

/// Sends `text` and its end, and prints what comes back.
static bool converse(tcp_t socket, const char* text) {
  static uint8_t buffer[50000];
  const wasi_sockets_types_borrow_tcp_socket_t self = wasi_sockets_types_borrow_tcp_socket(socket);
  wasi_sockets_types_stream_u8_writer_t writer;
  const uint32_t sent =
      wasi_sockets_types_method_tcp_socket_send(self, wasi_sockets_types_stream_u8_new(&writer));
  received_t received;
  wasi_sockets_types_method_tcp_socket_receive(self, &received);
  write_all(writer, text, strlen(text));
  wasi_sockets_types_stream_u8_drop_writable(writer);
  if (!flow_ok(sent)) return false;
  for (;;) {
    const uint32_t status =
        settle(received.f0, wasi_sockets_types_stream_u8_read(received.f0, buffer, sizeof buffer));
    print(buffer, COMMAND_WAITABLE_COUNT(status));
    if (COMMAND_WAITABLE_STATE(status) != COMMAND_WAITABLE_COMPLETED) break;
  }
  wasi_sockets_types_stream_u8_drop_readable(received.f0);
  say("\n");
  wasi_sockets_types_tcp_socket_drop_own(socket);
  return flow_ok(received.f1);
}

static bool tcp_send(char** words) {
  tcp_t socket;
  return connect_to(address_of(words[2], words[3]), &socket) && converse(socket, words[4]);
}

static bool tcp_self(char** words) {
  (void)words;
  tcp_t listener, client, server;
  wasi_sockets_types_stream_own_tcp_socket_t connections;
  address_t local;
  if (!listen_at(address_of("127.0.0.1", "0"), &listener, &connections) || !local_address(listener, &local) ||
      !connect_to(local, &client) || !accept_one(connections, &server))
    return false;
  // What arrives goes back without coming by.
  received_t received;
  wasi_sockets_types_method_tcp_socket_receive(wasi_sockets_types_borrow_tcp_socket(server), &received);
  const uint32_t echoed =
      wasi_sockets_types_method_tcp_socket_send(wasi_sockets_types_borrow_tcp_socket(server), received.f0);
  say("tcp-self got ");
  const bool fine = converse(client, "over tcp");
  return flow_ok(echoed) && flow_ok(received.f1) && fine;
}

// --- UDP

static bool open_udp(address_t local, udp_t* socket) {
  error_t error;
  if (!wasi_sockets_types_static_udp_socket_create(local.tag, socket, &error))
    return failed("create", kErrors[error.tag]);
  return wasi_sockets_types_method_udp_socket_bind(wasi_sockets_types_borrow_udp_socket(*socket), &local,
                                                   &error) ||
         failed("bind", kErrors[error.tag]);
}

static bool receive_one(udp_t socket, wasi_sockets_types_tuple2_list_u8_ip_socket_address_t* out) {
  wasi_sockets_types_result_tuple2_list_u8_ip_socket_address_error_code_t result;
  await(wasi_sockets_types_method_udp_socket_receive(wasi_sockets_types_borrow_udp_socket(socket), &result));
  if (result.is_err) return failed("receive", kErrors[result.val.err.tag]);
  *out = result.val.ok;
  return true;
}

static bool send_one(udp_t socket, command_list_u8_t data, const address_t* remote) {
  wasi_sockets_types_method_udp_socket_send_args_t arguments = {
      .self = wasi_sockets_types_borrow_udp_socket(socket), .data = data};
  if (remote != NULL) {
    arguments.remote_address.is_some = true;
    arguments.remote_address.val = *remote;
  }
  wasi_sockets_types_result_void_error_code_t result;
  await(wasi_sockets_types_method_udp_socket_send(&arguments, &result));
  return !result.is_err || failed("send", kErrors[result.val.err.tag]);
}

static bool udp_serve(char** words) {
  udp_t socket;
  if (!open_udp(address_of(words[2], words[3]), &socket)) return false;
  address_t local;
  error_t error;
  if (!wasi_sockets_types_method_udp_socket_get_local_address(wasi_sockets_types_borrow_udp_socket(socket),
                                                              &local, &error))
    return failed("local-address", kErrors[error.tag]);
  say("listening on ");
  say_number(port_of(&local));
  say("\n");
  for (int left = atoi(words[4]); left > 0; --left) {
    wasi_sockets_types_tuple2_list_u8_ip_socket_address_t got;
    if (!receive_one(socket, &got) || !send_one(socket, got.f0, &got.f1)) return false;
  }
  return true;
}

static bool udp_send(char** words) {
  const address_t remote = address_of(words[2], words[3]);
  const bool v4 = remote.tag == WASI_SOCKETS_TYPES_IP_SOCKET_ADDRESS_IPV4;
  udp_t socket;
  if (!open_udp(address_of(v4 ? "0.0.0.0" : "::1", "0"), &socket)) return false;
  const command_list_u8_t data = {(uint8_t*)words[4], strlen(words[4])};
  wasi_sockets_types_tuple2_list_u8_ip_socket_address_t got;
  if (!send_one(socket, data, &remote) || !receive_one(socket, &got)) return false;
  print(got.f0.ptr, got.f0.len);
  say("\n");
  return true;
}

// --- what is begun and given up

/// Whether the call was still under way, and is no more.
static bool give_up(command_subtask_status_t status) {
  if (COMMAND_SUBTASK_STATE(status) == COMMAND_SUBTASK_RETURNED) return false;
  const command_subtask_t subtask = COMMAND_SUBTASK_HANDLE(status);
  const uint32_t ended = command_subtask_cancel(subtask);
  command_subtask_drop(subtask);
  return ended == COMMAND_SUBTASK_RETURNED_CANCELLED || ended == COMMAND_SUBTASK_STARTED_CANCELLED;
}

static bool tcp_leave(char** words) {
  const address_t remote = address_of(words[2], words[3]);
  tcp_t socket, other;
  error_t error;
  if (!wasi_sockets_types_static_tcp_socket_create(remote.tag, &socket, &error))
    return failed("create", kErrors[error.tag]);
  wasi_sockets_types_method_tcp_socket_connect_args_t arguments = {
      wasi_sockets_types_borrow_tcp_socket(socket), remote};
  wasi_sockets_types_result_void_error_code_t result;
  if (!give_up(wasi_sockets_types_method_tcp_socket_connect(&arguments, &result)))
    return failed("connect", "ended");
  wasi_sockets_types_tcp_socket_drop_own(socket);
  wasi_sockets_types_stream_own_tcp_socket_t connections;
  if (!listen_at(address_of("127.0.0.1", "0"), &socket, &connections)) return false;
  wasi_sockets_types_tcp_socket_drop_own(socket);
  if (wasi_sockets_types_stream_own_tcp_socket_read(connections, &other, 1) !=
      COMMAND_WAITABLE_STATUS_BLOCKED)
    return failed("accept", "somebody");
  wasi_sockets_types_stream_own_tcp_socket_cancel_read(connections);
  wasi_sockets_types_stream_own_tcp_socket_drop_readable(connections);
  say("left\n");
  return true;
}

static bool udp_leave(char** words) {
  address_t remote = address_of(words[2], words[3]);
  udp_t socket;
  error_t error;
  if (!open_udp(address_of("127.0.0.1", "0"), &socket)) return false;
  const wasi_sockets_types_borrow_udp_socket_t self = wasi_sockets_types_borrow_udp_socket(socket);
  wasi_sockets_types_result_tuple2_list_u8_ip_socket_address_error_code_t result;
  for (int i = 0; i < 3; ++i)
    if (!give_up(wasi_sockets_types_method_udp_socket_receive(self, &result)))
      return failed("receive", "ended");
  for (int i = 0; i < 2; ++i) {
    wasi_sockets_types_tuple2_list_u8_ip_socket_address_t got;
    const command_list_u8_t data = {(uint8_t*)"datagram", 8};
    if (!wasi_sockets_types_method_udp_socket_connect(self, &remote, &error))
      return failed("connect", kErrors[error.tag]);
    if (!send_one(socket, data, NULL) || !receive_one(socket, &got)) return false;
    print(got.f0.ptr, got.f0.len);
    say("\n");
    if (!wasi_sockets_types_method_udp_socket_disconnect(self, &error))
      return failed("disconnect", kErrors[error.tag]);
    // To nobody.
    if (send_one(socket, data, NULL)) return false;
  }
  return true;
}

// --- names

static bool resolve(char** words) {
  const command_string_t name = {(uint8_t*)words[2], strlen(words[2])};
  wasi_sockets_ip_name_lookup_result_list_ip_address_error_code_t result;
  await(wasi_sockets_ip_name_lookup_resolve_addresses(name, &result));
  if (result.is_err) return failed("resolve", kLookupErrors[result.val.err.tag]);
  for (size_t i = 0; i < result.val.ok.len; ++i) {
    const wasi_sockets_ip_name_lookup_ip_address_t* const each = &result.val.ok.ptr[i];
    if (each->tag == WASI_SOCKETS_TYPES_IP_ADDRESS_IPV4) {
      const uint8_t parts[] = {each->val.ipv4.f0, each->val.ipv4.f1, each->val.ipv4.f2, each->val.ipv4.f3};
      for (size_t part = 0; part < 4; ++part) {
        if (part > 0) say(".");
        say_number(parts[part]);
      }
    } else {
      say("an address of IPv6");
    }
    say("\n");
  }
  return true;
}

static const struct {
  const char* name;
  size_t words;
  bool (*run)(char** words);
} kCommands[] = {
    {"tcp-serve", 5, tcp_serve}, {"tcp-send", 5, tcp_send},   {"tcp-self", 2, tcp_self},
    {"udp-serve", 5, udp_serve}, {"udp-send", 5, udp_send},   {"resolve", 3, resolve},
    {"tcp-leave", 4, tcp_leave}, {"udp-leave", 4, udp_leave},
};

command_callback_code_t exports_wasi_cli_run_run(void) {
  command_list_string_t list;
  wasi_cli_environment_get_arguments(&list);
  char** words = calloc(list.len + 1, sizeof *words);
  for (size_t i = 0; i < list.len; ++i) {
    words[i] = calloc(list.ptr[i].len + 1, 1);
    memcpy(words[i], list.ptr[i].ptr, list.ptr[i].len);
  }
  exports_wasi_cli_run_result_void_void_t result = {.is_err = true};
  for (size_t i = 0; i < sizeof kCommands / sizeof *kCommands; ++i) {
    if (list.len == kCommands[i].words && strcmp(words[1], kCommands[i].name) == 0)
      result.is_err = !kCommands[i].run(words);
  }
  exports_wasi_cli_run_run_return(result);
  return COMMAND_CALLBACK_CODE_EXIT;
}

command_callback_code_t exports_wasi_cli_run_run_callback(command_event_t* event) {
  (void)event;
  abort();
}
