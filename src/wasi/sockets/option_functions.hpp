#pragma once

#include "component/link/host.hpp"
#include "wasi/sockets/options.hpp"

#include <string>

/// Socket options as functions of WASI's socket resources. Both versions have the same ones, under names that
/// differ by `get-`, with answers of their own.
namespace wisp::wasi::options {

/// `Handle`: a face's resource, with open() -> SocketResult<SocketFd*>. `answer` makes a face's result of a
/// SocketResult.
template <class Handle, class Answer>
class Functions {
 public:
  /// `resource`: as in "[method]tcp-socket."; `get`: what the names of getters begin with.
  Functions(component::HostInterface& face, std::string resource, std::string get, Answer answer)
      : face_(face), resource_(std::move(resource)), get_(std::move(get)), answer_(answer) {}

  /// A getter and its setter, which takes a `Value` of WIT.
  template <class Value, class Core>
  Functions& add(const std::string& name, SocketResult<Value> (*get)(const SocketFd&),
                 SocketResult<> (*set)(const SocketFd&, Core)) {
    face_.function(resource_ + get_ + name, [get, answer = answer_](component::Caller&, Handle& self) {
      const auto socket = self.open();
      if (!socket) return answer(SocketResult<Value>(std::unexpected(socket.error())));
      return answer(get(**socket));
    });
    face_.function(resource_ + "set-" + name,
                   [set, answer = answer_](component::Caller&, Handle& self, Value value) {
                     const auto socket = self.open();
                     if (!socket) return answer(SocketResult<>(std::unexpected(socket.error())));
                     return answer(set(**socket, value));
                   });
    return *this;
  }

 private:
  component::HostInterface& face_;
  std::string resource_, get_;
  Answer answer_;
};

template <class Handle, class Answer>
void add_tcp_options(component::HostInterface& face, const std::string& get, Answer answer) {
  Functions<Handle, Answer>(face, "[method]tcp-socket.", get, answer)
      .add("keep-alive-enabled", keep_alive, set_keep_alive)
      .add("keep-alive-idle-time", keep_alive_idle, set_keep_alive_idle)
      .add("keep-alive-interval", keep_alive_interval, set_keep_alive_interval)
      .add("keep-alive-count", keep_alive_count, set_keep_alive_count)
      .add("hop-limit", hop_limit, set_hop_limit)
      .add("receive-buffer-size", receive_buffer, set_receive_buffer)
      .add("send-buffer-size", send_buffer, set_send_buffer);
  face.function("[method]tcp-socket.set-listen-backlog-size",
                [answer](component::Caller&, Handle& self, std::uint64_t connections) {
                  return answer(self.socket().set_backlog(connections));
                });
}

template <class Handle, class Answer>
void add_udp_options(component::HostInterface& face, const std::string& get, Answer answer) {
  Functions<Handle, Answer>(face, "[method]udp-socket.", get, answer)
      .add("unicast-hop-limit", hop_limit, set_hop_limit)
      .add("receive-buffer-size", receive_buffer, set_receive_buffer)
      .add("send-buffer-size", send_buffer, set_send_buffer);
}

}  // namespace wisp::wasi::options
