#include "net/connect.hpp"

#include "net/event.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace wisp::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// A lookup that a timer may give up on. Kept by the lookup's answer, too.
struct Lookup {
  explicit Lookup(TimerWheel& wheel)
      : timer(wheel, [](void* self) { static_cast<Lookup*>(self)->done.fire(); }, this) {}
  Event done;
  Timer timer;
  std::optional<Result<DnsPool::Addresses>> result;
};

/// One attempt to connect that a timer may give up on.
struct Attempt {
  Attempt(TimerWheel& wheel, asio::io_context& io)
      : socket(io),
        timer(
            wheel,
            [](void* self) {
              auto* attempt = static_cast<Attempt*>(self);
              attempt->timed_out = true;
              error_code ignored;
              attempt->socket.close(ignored);
            },
            this) {}
  Socket socket;
  Timer timer;
  bool timed_out = false;
};

Unexpected timed_out(const ConnectTarget& target) {
  return fail(Errc::connection_timeout, "connecting to {}:{} took longer than {} ms", target.host,
              target.port, target.timeout.count());
}

asio::awaitable<Result<DnsPool::Addresses>> look_up(asio::io_context& io, TimerWheel& wheel, DnsPool& dns,
                                                    const ConnectTarget& target) {
  const auto lookup = std::make_shared<Lookup>(wheel);
  auto at_once = dns.start(target.host, io.get_executor(), [lookup](Result<DnsPool::Addresses> result) {
    lookup->result = std::move(result);
    lookup->done.fire_now();
  });
  if (at_once) co_return std::move(*at_once);
  lookup->timer.arm(target.timeout);
  const bool fired = co_await lookup->done.wait();
  lookup->timer.disarm();
  if (lookup->result) co_return std::move(*lookup->result);
  if (!fired) co_return fail(Errc::cancelled, "connecting was cancelled");
  co_return timed_out(target);
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Transport>>> connect(asio::io_context& io, TimerWheel& wheel,
                                                            DnsPool& dns, ConnectTarget target) {
  const std::uint64_t began = TimerWheel::now_ms();
  const auto left = [&] {
    return target.timeout -
           std::chrono::milliseconds(static_cast<std::int64_t>(TimerWheel::now_ms() - began));
  };
  const DnsPool::Addresses addresses = CO_TRY(co_await look_up(io, wheel, dns, target));
  std::optional<Error> failure;
  for (const auto& address : addresses) {
    if (target.policy) {
      if (auto allowed = target.policy(address, target.port); !allowed) {
        if (allowed.error().code() != Errc::denied) co_return std::unexpected(std::move(allowed).error());
        if (!failure) failure = std::move(allowed).error();
        continue;
      }
    }
    if (left().count() <= 0) co_return timed_out(target);
    Attempt attempt(wheel, io);
    attempt.timer.arm(left());
    error_code error;
    co_await attempt.socket.async_connect({address, target.port},
                                          asio::redirect_error(asio::use_awaitable, error));
    attempt.timer.disarm();
    if (attempt.timed_out) co_return timed_out(target);
    if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "connecting was cancelled");
    if (error) {
      const Errc code =
          error == asio::error::connection_refused ? Errc::connection_refused : Errc::connection;
      failure =
          Error(code, fmt::format("cannot connect to {}:{}: {}", target.host, target.port, error.message()));
      continue;
    }
    if (!target.tls) co_return make_plain_transport(std::move(attempt.socket));
    auto transport =
        co_await connect_tls(std::move(attempt.socket), target.tls, target.host, target.alpn, wheel, left());
    if (!transport && transport.error().code() == Errc::timeout) co_return timed_out(target);
    co_return transport;
  }
  co_return std::unexpected(std::move(*failure));
}

}  // namespace wisp::net
