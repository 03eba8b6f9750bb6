#include "wasi/bridge/new_socket_calls.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace wisp::wasi::bridge {

namespace asio = boost::asio;

asio::awaitable<Result<>> pollable_ready(std::unique_ptr<p2::Pollable> pollable) {
  if (!co_await p3::until_ready(pollable->readiness()))
    co_return fail(Errc::cancelled, "the operation was cancelled");
  co_return Result<>();
}

asio::awaitable<Result<>> pollable_ready_again(asio::io_context& loop,
                                               std::unique_ptr<p2::Pollable> pollable) {
  co_await pause_for(loop, kPause);
  co_return co_await pollable_ready(std::move(pollable));
}

asio::awaitable<void> pause_for(asio::io_context& loop, std::chrono::milliseconds time) {
  asio::steady_timer timer(loop, time);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

namespace {

struct Wanted final : Waiter, std::enable_shared_from_this<Wanted> {
  explicit Wanted(asio::io_context& loop) : timer(loop) {}
  void wake() noexcept override {
    asio::post(timer.get_executor(), [self = shared_from_this()] { self->stop(); });
  }
  void stop() { cancel.emit(asio::cancellation_type::terminal); }
  asio::steady_timer timer;
  asio::cancellation_signal cancel;
  SignalLink link;
};

void run(const std::shared_ptr<Wanted>& wanted, asio::awaitable<void> work) {
  asio::co_spawn(wanted->timer.get_executor(), std::move(work),
                 asio::bind_cancellation_slot(
                     wanted->cancel.slot(), [wanted](const std::exception_ptr&) { wanted->timer.cancel(); }));
}

}  // namespace

void run_until(asio::io_context& loop, Signal& gone, asio::awaitable<void> work) {
  const auto wanted = std::make_shared<Wanted>(loop);
  wanted->link.link(gone, *wanted);
  run(wanted, std::move(work));
}

void run_with_patience(asio::io_context& loop, asio::awaitable<void> work) {
  const auto wanted = std::make_shared<Wanted>(loop);
  wanted->timer.expires_after(kPatience);
  wanted->timer.async_wait([weak = std::weak_ptr(wanted)](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->stop();
  });
  run(wanted, std::move(work));
}

Result<OldNetworks> OldNetworks::find(const component::ProviderRef& from) {
  return OldNetworks(TRY(Get::find(from, {"wasi:sockets/instance-network@0.2", "instance-network"})));
}

}  // namespace wisp::wasi::bridge
