// Sockets for whoever imports WASI 0.2: each of its own is one of those that it is given. MODE=trap traps
// when a connection is made, MODE=trap-accept when one is accepted, MODE=trap-wait when one is waited for;
// MODE=never: nothing is ever connected, or found. MODE=liar says that what has failed would only take time.
// MODE=tell writes a line for each socket that goes.
#include "harbour.h"

typedef harbour_string_t string_t;
typedef harbour_list_tuple2_string_string_t variables_t;
#include "mode.h"

// The bindings' own exports of destructors miss the names of resources that have a hyphen.
#define DESTRUCTOR(interface, resource, of)                                                         \
  __attribute__((export_name("wasi:sockets/" interface "@0.2.12#[dtor]" resource))) void of##_gone( \
      of##_t* self) {                                                                               \
    of##_destructor(self);                                                                          \
  }

#define T(name) exports_wasi_sockets_tcp_##name
#define U(name) exports_wasi_sockets_udp_##name

static void tell(const char* text) {
  if (!mode_is("tell")) return;
  const wasi_io_streams_own_output_stream_t out = wasi_cli_stderr_get_stderr();
  harbour_list_u8_t bytes = {(uint8_t*)text, strlen(text)};
  wasi_io_streams_stream_error_t error;
  wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out),
                                                                &bytes, &error);
  wasi_io_streams_output_stream_drop_own(out);
}

// --- network

struct exports_wasi_sockets_network_network_t {
  wasi_sockets_network_own_network_t inner;
};

exports_wasi_sockets_instance_network_own_network_t exports_wasi_sockets_instance_network_instance_network(
    void) {
  exports_wasi_sockets_network_network_t* const made = malloc(sizeof *made);
  made->inner = wasi_sockets_instance_network_instance_network();
  return exports_wasi_sockets_network_network_new(made);
}
void exports_wasi_sockets_network_network_destructor(exports_wasi_sockets_network_network_t* self) {
  wasi_sockets_network_network_drop_own(self->inner);
  free(self);
}
bool exports_wasi_sockets_network_network_error_code(exports_wasi_sockets_network_borrow_error_t error,
                                                     exports_wasi_sockets_network_error_code_t* out) {
  (void)out;
  wasi_io_error_error_drop_borrow(error);
  return false;
}

static wasi_sockets_network_borrow_network_t network_of(exports_wasi_sockets_network_network_t* network) {
  return wasi_sockets_network_borrow_network(network->inner);
}
#define ADDRESS(of) ((wasi_sockets_network_ip_socket_address_t*)(of))

// --- TCP

struct exports_wasi_sockets_tcp_tcp_socket_t {
  wasi_sockets_tcp_own_tcp_socket_t inner;
};
static wasi_sockets_tcp_borrow_tcp_socket_t tcp(T(tcp_socket_t) * self) {
  return wasi_sockets_tcp_borrow_tcp_socket(self->inner);
}
static T(own_tcp_socket_t) own_tcp(wasi_sockets_tcp_own_tcp_socket_t inner) {
  T(tcp_socket_t)* const made = malloc(sizeof *made);
  made->inner = inner;
  return T(tcp_socket_new)(made);
}

bool exports_wasi_sockets_tcp_create_socket_create_tcp_socket(uint8_t family, T(own_tcp_socket_t) * out,
                                                              uint8_t* error) {
  wasi_sockets_tcp_own_tcp_socket_t inner;
  if (!wasi_sockets_tcp_create_socket_create_tcp_socket(family, &inner, error)) return false;
  *out = own_tcp(inner);
  return true;
}
void T(tcp_socket_destructor)(T(tcp_socket_t) * self) {
  wasi_sockets_tcp_tcp_socket_drop_own(self->inner);
  free(self);
  tell("harbour: a tcp-socket went\n");
}

bool T(method_tcp_socket_start_bind)(T(borrow_tcp_socket_t) self, T(borrow_network_t) network,
                                     T(ip_socket_address_t) * local, uint8_t* error) {
  return wasi_sockets_tcp_method_tcp_socket_start_bind(tcp(self), network_of(network), ADDRESS(local), error);
}
bool T(method_tcp_socket_start_connect)(T(borrow_tcp_socket_t) self, T(borrow_network_t) network,
                                        T(ip_socket_address_t) * remote, uint8_t* error) {
  return wasi_sockets_tcp_method_tcp_socket_start_connect(tcp(self), network_of(network), ADDRESS(remote),
                                                          error);
}
bool T(method_tcp_socket_finish_connect)(T(borrow_tcp_socket_t) self,
                                         T(tuple2_own_input_stream_own_output_stream_t) * out,
                                         uint8_t* error) {
  if (mode_is("trap")) __builtin_trap();
  *error = WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK;
  if (mode_is("never")) return false;
  const bool done = wasi_sockets_tcp_method_tcp_socket_finish_connect(
      tcp(self), (wasi_sockets_tcp_tuple2_own_input_stream_own_output_stream_t*)out, error);
  if (mode_is("liar")) *error = WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK;
  return done;
}
bool T(method_tcp_socket_accept)(T(borrow_tcp_socket_t) self,
                                 T(tuple3_own_tcp_socket_own_input_stream_own_output_stream_t) * out,
                                 uint8_t* error) {
  if (mode_is("trap-accept")) __builtin_trap();
  wasi_sockets_tcp_tuple3_own_tcp_socket_own_input_stream_own_output_stream_t in;
  if (!wasi_sockets_tcp_method_tcp_socket_accept(tcp(self), &in, error)) return false;
  out->f0 = own_tcp(in.f0);
  out->f1 = in.f1;
  out->f2 = in.f2;
  return true;
}
bool T(method_tcp_socket_is_listening)(T(borrow_tcp_socket_t) self) {
  return wasi_sockets_tcp_method_tcp_socket_is_listening(tcp(self));
}
uint8_t T(method_tcp_socket_address_family)(T(borrow_tcp_socket_t) self) {
  return wasi_sockets_tcp_method_tcp_socket_address_family(tcp(self));
}
T(own_pollable_t) T(method_tcp_socket_subscribe)(T(borrow_tcp_socket_t) self) {
  if (mode_is("trap-wait")) __builtin_trap();
  return wasi_sockets_tcp_method_tcp_socket_subscribe(tcp(self));
}

// --- UDP

struct exports_wasi_sockets_udp_udp_socket_t {
  wasi_sockets_udp_own_udp_socket_t inner;
};
struct exports_wasi_sockets_udp_incoming_datagram_stream_t {
  wasi_sockets_udp_own_incoming_datagram_stream_t inner;
};
struct exports_wasi_sockets_udp_outgoing_datagram_stream_t {
  wasi_sockets_udp_own_outgoing_datagram_stream_t inner;
};
static wasi_sockets_udp_borrow_udp_socket_t udp(U(udp_socket_t) * self) {
  return wasi_sockets_udp_borrow_udp_socket(self->inner);
}
static wasi_sockets_udp_borrow_incoming_datagram_stream_t incoming(U(incoming_datagram_stream_t) * self) {
  return wasi_sockets_udp_borrow_incoming_datagram_stream(self->inner);
}
static wasi_sockets_udp_borrow_outgoing_datagram_stream_t outgoing(U(outgoing_datagram_stream_t) * self) {
  return wasi_sockets_udp_borrow_outgoing_datagram_stream(self->inner);
}

bool exports_wasi_sockets_udp_create_socket_create_udp_socket(uint8_t family, U(own_udp_socket_t) * out,
                                                              uint8_t* error) {
  wasi_sockets_udp_own_udp_socket_t inner;
  if (!wasi_sockets_udp_create_socket_create_udp_socket(family, &inner, error)) return false;
  U(udp_socket_t)* const made = malloc(sizeof *made);
  made->inner = inner;
  *out = U(udp_socket_new)(made);
  return true;
}
void U(udp_socket_destructor)(U(udp_socket_t) * self) {
  wasi_sockets_udp_udp_socket_drop_own(self->inner);
  free(self);
  tell("harbour: a udp-socket went\n");
}
void U(incoming_datagram_stream_destructor)(U(incoming_datagram_stream_t) * self) {
  wasi_sockets_udp_incoming_datagram_stream_drop_own(self->inner);
  free(self);
}
void U(outgoing_datagram_stream_destructor)(U(outgoing_datagram_stream_t) * self) {
  wasi_sockets_udp_outgoing_datagram_stream_drop_own(self->inner);
  free(self);
}

bool U(method_udp_socket_start_bind)(U(borrow_udp_socket_t) self, U(borrow_network_t) network,
                                     U(ip_socket_address_t) * local, uint8_t* error) {
  return wasi_sockets_udp_method_udp_socket_start_bind(udp(self), network_of(network), ADDRESS(local), error);
}
bool U(method_udp_socket_stream)(U(borrow_udp_socket_t) self, U(ip_socket_address_t) * remote,
                                 U(tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t) * out,
                                 uint8_t* error) {
  wasi_sockets_udp_tuple2_own_incoming_datagram_stream_own_outgoing_datagram_stream_t in;
  if (!wasi_sockets_udp_method_udp_socket_stream(udp(self), ADDRESS(remote), &in, error)) return false;
  U(incoming_datagram_stream_t)* const first = malloc(sizeof *first);
  first->inner = in.f0;
  U(outgoing_datagram_stream_t)* const second = malloc(sizeof *second);
  second->inner = in.f1;
  out->f0 = U(incoming_datagram_stream_new)(first);
  out->f1 = U(outgoing_datagram_stream_new)(second);
  return true;
}
uint8_t U(method_udp_socket_address_family)(U(borrow_udp_socket_t) self) {
  return wasi_sockets_udp_method_udp_socket_address_family(udp(self));
}
U(own_pollable_t) U(method_udp_socket_subscribe)(U(borrow_udp_socket_t) self) {
  return wasi_sockets_udp_method_udp_socket_subscribe(udp(self));
}
bool U(method_incoming_datagram_stream_receive)(U(borrow_incoming_datagram_stream_t) self, uint64_t most,
                                                U(list_incoming_datagram_t) * out, uint8_t* error) {
  return wasi_sockets_udp_method_incoming_datagram_stream_receive(
      incoming(self), most, (wasi_sockets_udp_list_incoming_datagram_t*)out, error);
}
U(own_pollable_t) U(method_incoming_datagram_stream_subscribe)(U(borrow_incoming_datagram_stream_t) self) {
  return wasi_sockets_udp_method_incoming_datagram_stream_subscribe(incoming(self));
}
bool U(method_outgoing_datagram_stream_check_send)(U(borrow_outgoing_datagram_stream_t) self, uint64_t* out,
                                                   uint8_t* error) {
  return wasi_sockets_udp_method_outgoing_datagram_stream_check_send(outgoing(self), out, error);
}
bool U(method_outgoing_datagram_stream_send)(U(borrow_outgoing_datagram_stream_t) self,
                                             U(list_outgoing_datagram_t) * datagrams, uint64_t* out,
                                             uint8_t* error) {
  const bool sent = wasi_sockets_udp_method_outgoing_datagram_stream_send(
      outgoing(self), (wasi_sockets_udp_list_outgoing_datagram_t*)datagrams, out, error);
  U(list_outgoing_datagram_free)(datagrams);
  return sent;
}
U(own_pollable_t) U(method_outgoing_datagram_stream_subscribe)(U(borrow_outgoing_datagram_stream_t) self) {
  return wasi_sockets_udp_method_outgoing_datagram_stream_subscribe(outgoing(self));
}

// --- what is asked and answered without more

#define GET(prefix, resource, inner, type, name)                                                    \
  bool exports_##prefix##_method_##resource##_##name(exports_##prefix##_borrow_##resource##_t self, \
                                                     type* out, uint8_t* error) {                   \
    return prefix##_method_##resource##_##name(inner(self), (void*)out, error);                     \
  }
#define SET(prefix, resource, inner, type, name)                                                        \
  bool exports_##prefix##_method_##resource##_set_##name(exports_##prefix##_borrow_##resource##_t self, \
                                                         type value, uint8_t* error) {                  \
    return prefix##_method_##resource##_set_##name(inner(self), value, error);                          \
  }
#define OPTION(prefix, resource, inner, type, name) \
  GET(prefix, resource, inner, type, name)          \
  SET(prefix, resource, inner, type, name)
#define STEP(prefix, resource, inner, name)                                                         \
  bool exports_##prefix##_method_##resource##_##name(exports_##prefix##_borrow_##resource##_t self, \
                                                     uint8_t* error) {                              \
    return prefix##_method_##resource##_##name(inner(self), error);                                 \
  }

STEP(wasi_sockets_tcp, tcp_socket, tcp, finish_bind)
STEP(wasi_sockets_tcp, tcp_socket, tcp, start_listen)
STEP(wasi_sockets_tcp, tcp_socket, tcp, finish_listen)
GET(wasi_sockets_tcp, tcp_socket, tcp, T(ip_socket_address_t), local_address)
GET(wasi_sockets_tcp, tcp_socket, tcp, T(ip_socket_address_t), remote_address)
SET(wasi_sockets_tcp, tcp_socket, tcp, uint64_t, listen_backlog_size)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, bool, keep_alive_enabled)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint64_t, keep_alive_idle_time)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint64_t, keep_alive_interval)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint32_t, keep_alive_count)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint8_t, hop_limit)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint64_t, receive_buffer_size)
OPTION(wasi_sockets_tcp, tcp_socket, tcp, uint64_t, send_buffer_size)
bool T(method_tcp_socket_shutdown)(T(borrow_tcp_socket_t) self, uint8_t how, uint8_t* error) {
  return wasi_sockets_tcp_method_tcp_socket_shutdown(tcp(self), how, error);
}
STEP(wasi_sockets_udp, udp_socket, udp, finish_bind)
GET(wasi_sockets_udp, udp_socket, udp, U(ip_socket_address_t), local_address)
GET(wasi_sockets_udp, udp_socket, udp, U(ip_socket_address_t), remote_address)
OPTION(wasi_sockets_udp, udp_socket, udp, uint8_t, unicast_hop_limit)
OPTION(wasi_sockets_udp, udp_socket, udp, uint64_t, receive_buffer_size)
OPTION(wasi_sockets_udp, udp_socket, udp, uint64_t, send_buffer_size)

// --- names

#define N(name) exports_wasi_sockets_ip_name_lookup_##name
struct exports_wasi_sockets_ip_name_lookup_resolve_address_stream_t {
  wasi_sockets_ip_name_lookup_own_resolve_address_stream_t inner;
};
bool N(resolve_addresses)(N(borrow_network_t) network, harbour_string_t* name,
                          N(own_resolve_address_stream_t) * out, uint8_t* error) {
  wasi_sockets_ip_name_lookup_own_resolve_address_stream_t inner;
  if (!wasi_sockets_ip_name_lookup_resolve_addresses(network_of(network), name, &inner, error)) return false;
  N(resolve_address_stream_t)* const made = malloc(sizeof *made);
  made->inner = inner;
  *out = N(resolve_address_stream_new)(made);
  return true;
}
bool N(method_resolve_address_stream_resolve_next_address)(N(borrow_resolve_address_stream_t) self,
                                                           N(option_ip_address_t) * out, uint8_t* error) {
  if (mode_is("trap")) __builtin_trap();
  *error = WASI_SOCKETS_NETWORK_ERROR_CODE_WOULD_BLOCK;
  if (mode_is("never")) return false;
  return wasi_sockets_ip_name_lookup_method_resolve_address_stream_resolve_next_address(
      wasi_sockets_ip_name_lookup_borrow_resolve_address_stream(self->inner),
      (wasi_sockets_ip_name_lookup_option_ip_address_t*)out, error);
}
N(own_pollable_t) N(method_resolve_address_stream_subscribe)(N(borrow_resolve_address_stream_t) self) {
  return wasi_sockets_ip_name_lookup_method_resolve_address_stream_subscribe(
      wasi_sockets_ip_name_lookup_borrow_resolve_address_stream(self->inner));
}
void N(resolve_address_stream_destructor)(N(resolve_address_stream_t) * self) {
  wasi_sockets_ip_name_lookup_resolve_address_stream_drop_own(self->inner);
  free(self);
}

DESTRUCTOR("tcp", "tcp-socket", exports_wasi_sockets_tcp_tcp_socket)
DESTRUCTOR("udp", "udp-socket", exports_wasi_sockets_udp_udp_socket)
DESTRUCTOR("udp", "incoming-datagram-stream", exports_wasi_sockets_udp_incoming_datagram_stream)
DESTRUCTOR("udp", "outgoing-datagram-stream", exports_wasi_sockets_udp_outgoing_datagram_stream)
DESTRUCTOR("ip-name-lookup", "resolve-address-stream",
           exports_wasi_sockets_ip_name_lookup_resolve_address_stream)
