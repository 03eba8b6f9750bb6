// Sockets for whoever imports WASI 0.3: each of its own is one of those that it is given. Streams are handed
// through, but for those of accepted sockets, which become its own: a task that has connected goes on to do
// so. MODE=trap traps when a connection is made, or a name looked up, MODE=trap-later after it has said that
// one was; MODE=never: neither ever ends. MODE=deaf: whoever listens hears that nobody will come. MODE=flood
// receives datagrams that are too large for any network, and finds more addresses than anybody asks for.
// MODE=late takes its time before it sends a datagram. MODE=forge gives whoever listens a socket that there
// is not.
#include "p3_task.hpp"

extern "C" {
typedef service_string_t string_t;
typedef service_list_tuple2_string_string_t variables_t;
#include "mode.h"
}

#define T(name) exports_wasi_sockets_types_##name
#define H(name) wasi_sockets_types_##name

struct T(tcp_socket_t) {
  H(own_tcp_socket_t) inner;
  int users = 1;  // the handle, and calls that go on
};
struct T(udp_socket_t) {
  H(own_udp_socket_t) inner;
  int users = 1;
};

namespace {

using guest::Call;
using guest::Job;
using guest::Operation;
using guest::Task;

H(borrow_tcp_socket_t) tcp(T(tcp_socket_t) * self) { return H(borrow_tcp_socket)(self->inner); }
H(borrow_udp_socket_t) udp(T(udp_socket_t) * self) { return H(borrow_udp_socket)(self->inner); }
H(ip_socket_address_t) * address(T(ip_socket_address_t) * of) {
  return reinterpret_cast<H(ip_socket_address_t)*>(of);
}
H(error_code_t) * error_of(T(error_code_t) * of) { return reinterpret_cast<H(error_code_t)*>(of); }
template <class To, class From>
To same(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

T(own_tcp_socket_t) own_tcp(H(own_tcp_socket_t) inner) {
  return T(tcp_socket_new)(new T(tcp_socket_t){inner});
}

void release(T(tcp_socket_t) * self) {
  if (--self->users > 0) return;
  H(tcp_socket_drop_own)(self->inner);
  delete self;
}
void release(T(udp_socket_t) * self) {
  if (--self->users > 0) return;
  H(udp_socket_drop_own)(self->inner);
  delete self;
}

/// A call that goes on: one that was cancelled may outlive the handle that it was made with.
template <class Socket>
struct Use {
  explicit Use(Socket* of) : socket(of) { ++socket->users; }
  Use(const Use&) = delete;
  ~Use() { release(socket); }
  Socket* socket;
};

/// A stream that nobody accepts for yet.
struct Listener {
  H(stream_own_tcp_socket_t) from;
  T(stream_own_tcp_socket_writer_t) to;
};
std::vector<Listener> listeners;

bool copied(std::uint32_t status) { return SERVICE_WAITABLE_COUNT(status) > 0; }

Job accept_all(Listener listener) {
  H(own_tcp_socket_t) accepted;
  for (;;) {
    const auto got =
        co_await Operation(listener.from, H(stream_own_tcp_socket_read)(listener.from, &accepted, 1),
                           H(stream_own_tcp_socket_cancel_read));
    if (!copied(got)) break;
    T(own_tcp_socket_t) own = own_tcp(accepted);
    const auto given = co_await Operation(listener.to, T(stream_own_tcp_socket_write)(listener.to, &own, 1),
                                          T(stream_own_tcp_socket_cancel_write));
    if (!copied(given)) {
      T(tcp_socket_drop_own)(own);
      break;
    }
  }
  H(stream_own_tcp_socket_drop_readable)(listener.from);
  T(stream_own_tcp_socket_drop_writable)(listener.to);
}

/// Waits for what does not come.
Job never() {
  T(stream_u8_writer_t) writer;
  const auto reader = T(stream_u8_new)(&writer);
  std::uint8_t byte;
  (void)co_await Operation(reader, T(stream_u8_read)(reader, &byte, 1), T(stream_u8_cancel_read));
}

Job connect(T(tcp_socket_t) * self, H(ip_socket_address_t) remote) {
  const Use use(self);
  if (mode_is("trap")) __builtin_trap();
  if (mode_is("never")) co_await never();
  H(method_tcp_socket_connect_args_t) arguments{tcp(self), remote};
  H(result_void_error_code_t) result;
  co_await Call(H(method_tcp_socket_connect)(&arguments, &result));
  T(method_tcp_socket_connect_return)(same<T(result_void_error_code_t)>(result));
  if (mode_is("trap-later")) __builtin_trap();
  for (const auto& each : std::exchange(listeners, {})) accept_all(each);
}

/// Something that takes time.
Job late() {
  char name[] = "localhost";
  service_string_t wanted{reinterpret_cast<std::uint8_t*>(name), sizeof name - 1};
  wasi_sockets_ip_name_lookup_result_list_ip_address_error_code_t found;
  co_await Call(wasi_sockets_ip_name_lookup_resolve_addresses(wanted, &found));
  wasi_sockets_ip_name_lookup_result_list_ip_address_error_code_free(&found);
}

Job send(T(udp_socket_t) * self, service_list_u8_t data, H(option_ip_socket_address_t) remote) {
  const Use use(self);
  if (mode_is("late")) co_await late();
  H(method_udp_socket_send_args_t) arguments{udp(self), data, remote};
  H(result_void_error_code_t) result;
  co_await Call(H(method_udp_socket_send)(&arguments, &result));
  service_list_u8_free(&data);
  T(method_udp_socket_send_return)(same<T(result_void_error_code_t)>(result));
}

Job receive(T(udp_socket_t) * self) {
  const Use use(self);
  H(result_tuple2_list_u8_ip_socket_address_error_code_t) result{};
  co_await Call(H(method_udp_socket_receive)(udp(self), &result));
  if (mode_is("flood") && !result.is_err) {
    constexpr std::size_t kMuch = 70'000;
    result.val.ok.f0 = {static_cast<std::uint8_t*>(std::malloc(kMuch)), kMuch};
  }
  T(method_udp_socket_receive_return)(same<T(result_tuple2_list_u8_ip_socket_address_error_code_t)>(result));
}

Job resolve(service_string_t name) {
  if (mode_is("trap")) __builtin_trap();
  if (mode_is("never")) co_await never();
  wasi_sockets_ip_name_lookup_result_list_ip_address_error_code_t result;
  co_await Call(wasi_sockets_ip_name_lookup_resolve_addresses(name, &result));
  service_string_free(&name);
  if (mode_is("flood") && !result.is_err) {
    constexpr std::size_t kMany = 1'000;
    auto* const many = static_cast<wasi_sockets_ip_name_lookup_ip_address_t*>(
        std::malloc(kMany * sizeof result.val.ok.ptr[0]));
    std::fill_n(many, kMany, result.val.ok.ptr[0]);
    result.val.ok = {many, kMany};
  }
  exports_wasi_sockets_ip_name_lookup_resolve_addresses_return(
      same<exports_wasi_sockets_ip_name_lookup_result_list_ip_address_error_code_t>(result));
}

}  // namespace

extern "C" {

// --- TCP

bool T(static_tcp_socket_create)(std::uint8_t family, T(own_tcp_socket_t) * out, T(error_code_t) * error) {
  H(own_tcp_socket_t) inner;
  if (!H(static_tcp_socket_create)(family, &inner, error_of(error))) return false;
  *out = own_tcp(inner);
  return true;
}
void T(tcp_socket_destructor)(T(tcp_socket_t) * self) { release(self); }
bool T(method_tcp_socket_bind)(T(tcp_socket_t) * self, T(ip_socket_address_t) * local,
                               T(error_code_t) * error) {
  return H(method_tcp_socket_bind)(tcp(self), address(local), error_of(error));
}
service_callback_code_t T(method_tcp_socket_connect)(T(tcp_socket_t) * self,
                                                     T(ip_socket_address_t) * remote) {
  return Task::start([&] { connect(self, *address(remote)); });
}
service_callback_code_t T(method_tcp_socket_connect_callback)(service_event_t* event) {
  return Task::resume(*event);
}
bool T(method_tcp_socket_listen)(T(tcp_socket_t) * self, T(stream_own_tcp_socket_t) * out,
                                 T(error_code_t) * error) {
  Listener listener;
  if (!H(method_tcp_socket_listen)(tcp(self), &listener.from, error_of(error))) return false;
  *out = T(stream_own_tcp_socket_new)(&listener.to);
  if (mode_is("deaf")) {
    T(stream_own_tcp_socket_drop_writable)(listener.to);
  } else if (mode_is("forge")) {
    static T(own_tcp_socket_t) forged{54'321};
    T(stream_own_tcp_socket_write)(listener.to, &forged, 1);
  } else {
    listeners.push_back(listener);
  }
  return true;
}
T(future_result_void_error_code_t)
T(method_tcp_socket_send)(T(tcp_socket_t) * self, T(stream_u8_t) data) {
  return H(method_tcp_socket_send)(tcp(self), data);
}
void T(method_tcp_socket_receive)(T(tcp_socket_t) * self,
                                  T(tuple2_stream_u8_future_result_void_error_code_t) * out) {
  H(method_tcp_socket_receive)(tcp(self),
                               reinterpret_cast<H(tuple2_stream_u8_future_result_void_error_code_t)*>(out));
}
bool T(method_tcp_socket_get_is_listening)(T(tcp_socket_t) * self) {
  return H(method_tcp_socket_get_is_listening)(tcp(self));
}
std::uint8_t T(method_tcp_socket_get_address_family)(T(tcp_socket_t) * self) {
  return H(method_tcp_socket_get_address_family)(tcp(self));
}

// The bindings' own exports of destructors miss the names of resources that have a hyphen.
__attribute__((export_name("wasi:sockets/types@0.3.2#[dtor]tcp-socket"))) void tcp_socket_gone(
    T(tcp_socket_t) * self) {
  T(tcp_socket_destructor)(self);
}
__attribute__((export_name("wasi:sockets/types@0.3.2#[dtor]udp-socket"))) void udp_socket_gone(
    T(udp_socket_t) * self) {
  T(udp_socket_destructor)(self);
}

// --- UDP

bool T(static_udp_socket_create)(std::uint8_t family, T(own_udp_socket_t) * out, T(error_code_t) * error) {
  H(own_udp_socket_t) inner;
  if (!H(static_udp_socket_create)(family, &inner, error_of(error))) return false;
  *out = T(udp_socket_new)(new T(udp_socket_t){inner});
  return true;
}
void T(udp_socket_destructor)(T(udp_socket_t) * self) { release(self); }
bool T(method_udp_socket_bind)(T(udp_socket_t) * self, T(ip_socket_address_t) * local,
                               T(error_code_t) * error) {
  return H(method_udp_socket_bind)(udp(self), address(local), error_of(error));
}
bool T(method_udp_socket_connect)(T(udp_socket_t) * self, T(ip_socket_address_t) * remote,
                                  T(error_code_t) * error) {
  return H(method_udp_socket_connect)(udp(self), address(remote), error_of(error));
}
bool T(method_udp_socket_disconnect)(T(udp_socket_t) * self, T(error_code_t) * error) {
  return H(method_udp_socket_disconnect)(udp(self), error_of(error));
}
service_callback_code_t T(method_udp_socket_send)(T(udp_socket_t) * self, service_list_u8_t* data,
                                                  T(ip_socket_address_t) * remote) {
  H(option_ip_socket_address_t) to{};
  to.is_some = remote != nullptr;
  if (remote != nullptr) to.val = *address(remote);
  return Task::start([&] { send(self, *data, to); });
}
service_callback_code_t T(method_udp_socket_send_callback)(service_event_t* event) {
  return Task::resume(*event);
}
service_callback_code_t T(method_udp_socket_receive)(T(udp_socket_t) * self) {
  return Task::start([&] { receive(self); });
}
service_callback_code_t T(method_udp_socket_receive_callback)(service_event_t* event) {
  return Task::resume(*event);
}
std::uint8_t T(method_udp_socket_get_address_family)(T(udp_socket_t) * self) {
  return H(method_udp_socket_get_address_family)(udp(self));
}

// --- what is asked and answered without more

#define GET(kind, type, name)                                                      \
  bool T(method_##kind##_socket_get_##name)(T(kind##_socket_t) * self, type * out, \
                                            T(error_code_t) * error) {             \
    return H(method_##kind##_socket_get_##name)(kind(self), out, error_of(error)); \
  }
#define SET(kind, type, name)                                                        \
  bool T(method_##kind##_socket_set_##name)(T(kind##_socket_t) * self, type value,   \
                                            T(error_code_t) * error) {               \
    return H(method_##kind##_socket_set_##name)(kind(self), value, error_of(error)); \
  }
#define OPTION(kind, type, name) GET(kind, type, name) SET(kind, type, name)
#define ADDRESS(kind, name)                                                                          \
  bool T(method_##kind##_socket_get_##name)(T(kind##_socket_t) * self, T(ip_socket_address_t) * out, \
                                            T(error_code_t) * error) {                               \
    return H(method_##kind##_socket_get_##name)(kind(self), address(out), error_of(error));          \
  }

ADDRESS(tcp, local_address)
ADDRESS(tcp, remote_address)
SET(tcp, std::uint64_t, listen_backlog_size)
OPTION(tcp, bool, keep_alive_enabled)
OPTION(tcp, std::uint64_t, keep_alive_idle_time)
OPTION(tcp, std::uint64_t, keep_alive_interval)
OPTION(tcp, std::uint32_t, keep_alive_count)
OPTION(tcp, std::uint8_t, hop_limit)
OPTION(tcp, std::uint64_t, receive_buffer_size)
OPTION(tcp, std::uint64_t, send_buffer_size)
ADDRESS(udp, local_address)
ADDRESS(udp, remote_address)
OPTION(udp, std::uint8_t, unicast_hop_limit)
OPTION(udp, std::uint64_t, receive_buffer_size)
OPTION(udp, std::uint64_t, send_buffer_size)

// --- names

service_callback_code_t exports_wasi_sockets_ip_name_lookup_resolve_addresses(service_string_t* name) {
  return Task::start([&] { resolve(*name); });
}
service_callback_code_t exports_wasi_sockets_ip_name_lookup_resolve_addresses_callback(
    service_event_t* event) {
  return Task::resume(*event);
}
}
