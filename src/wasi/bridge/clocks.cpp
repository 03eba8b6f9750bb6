#include "wasi/bridge/clocks.hpp"

#include "wasi/bridge/adapter.hpp"
#include "wasi/bridge/provider_streams.hpp"
#include "wasi/bridge/wait_task.hpp"
#include "wasi/p2/clocks.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/p3/clocks.hpp"
#include "wasi/p3/wait.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace wisp::wasi::bridge {

using component::Caller;
using component::Eventually;
using component::HostFunction;
using component::ProviderFunction;
using component::ProviderRef;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

Unexpected no_time(const component::Provider& provider) {
  return fail(Errc::trap_host, "the clock of {} says what is no time", provider.name);
}

// ---- 0.3 over 0.2

boost::asio::awaitable<Result<>> pass(std::unique_ptr<p2::Pollable> pollable) {
  if (!co_await p3::until_ready(pollable->readiness()))
    co_return fail(Errc::cancelled, "the wait was cancelled");
  co_return Result<>{};
}

using component::Foreign;
using component::Lent;
using component::ProviderQueue;
using Ready = ProviderFunction<bool(Lent<OldPollable>)>;

/// Asks again and again, at first soon and then at longer intervals: `block` would occupy the instance.
boost::asio::awaitable<Result<>> pass_own(boost::asio::io_context& loop, Queue queue, Ready ready,
                                          Foreign<OldPollable> pollable) {
  using std::chrono::milliseconds;
  constexpr milliseconds kFirst{1}, kMost{20};
  constexpr int kOfElapsed = 16;  // the share of what has been waited so far
  const auto since = std::chrono::steady_clock::now();
  boost::asio::steady_timer timer(loop);
  while (true) {
    const auto said = co_await queue->call(ready, pollable);
    if (!said) co_return std::unexpected(said.error());
    if (*said) co_return Result<>{};
    const auto elapsed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since);
    timer.expires_after(std::clamp(elapsed / kOfElapsed, kFirst, kMost));
    boost::system::error_code stopped;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, stopped));
    if (stopped) co_return fail(Errc::cancelled, "the wait was cancelled");
  }
}

/// Of pollables that the provider defines.
Result<std::unique_ptr<HostFunction>> wait_for_own(const ProviderRef& from, const std::string& interface,
                                                   const std::string& subscribing) {
  using Subscribe = ProviderFunction<Foreign<OldPollable>(std::uint64_t)>;
  auto subscribe = TRY(Subscribe::find(from, {interface, subscribing}));
  auto ready = TRY(Ready::find(from, {std::string(OldPollable::kInterface), "[method]pollable.ready"}));
  return component::make_async_host_function([subscribe = std::move(subscribe), ready = std::move(ready)](
                                                 Caller& caller, std::uint64_t when) -> Eventually<void> {
    auto tree = subscribe.tree(caller);
    if (!tree) return Result<>(std::unexpected(std::move(tree).error()));
    auto pollable = subscribe.call_in(**tree, caller, when);
    if (!pollable) return Result<>(std::unexpected(std::move(pollable).error()));
    return pass_own(caller.loop(),
                    ProviderQueue::of(subscribe.session(caller), *tree, subscribe.share_provider()), ready,
                    *std::move(pollable));
  });
}

Adapted wait_over(std::string name, std::string subscribing) {
  return {.name = std::move(name),
          .stand_in = {},
          .make = [subscribing = std::move(subscribing)](
                      const ProviderRef& from,
                      const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
            if (owns<OldPollable>(from)) return wait_for_own(from, interface, subscribing);
            using Subscribe = ProviderFunction<std::unique_ptr<p2::Pollable>(std::uint64_t)>;
            auto subscribe = TRY(Subscribe::find(from, {interface, subscribing}));
            return component::make_async_host_function(
                [subscribe = std::move(subscribe)](Caller& caller, std::uint64_t when) -> Eventually<void> {
                  auto pollable = subscribe.call(caller, when);
                  if (!pollable) return Result<>(std::unexpected(std::move(pollable).error()));
                  if ((*pollable)->readiness().ready()) return Result<>{};
                  return pass(*std::move(pollable));
                });
          }};
}

using WallClock = ProviderFunction<p2::Datetime()>;
using SystemClock = ProviderFunction<WallTime()>;

Result<std::unique_ptr<HostFunction>> system_now(const ProviderRef& from, const std::string& interface) {
  auto clock = TRY(WallClock::find(from, {interface, "now"}));
  return component::make_host_function([clock = std::move(clock)](Caller& caller) -> Result<WallTime> {
    const auto time = p2::to_wall_time(TRY(clock.call(caller)));
    if (!time || time->nanoseconds >= kSecond) return no_time(clock.provider());
    return *time;
  });
}

Result<std::unique_ptr<HostFunction>> system_resolution(const ProviderRef& from,
                                                        const std::string& interface) {
  auto clock = TRY(WallClock::find(from, {interface, "resolution"}));
  return component::make_host_function([clock = std::move(clock)](Caller& caller) -> Result<std::uint64_t> {
    const auto step = TRY(clock.call(caller));
    std::uint64_t out = 0;
    if (step.nanoseconds >= kSecond || __builtin_mul_overflow(step.seconds, kSecond, &out) ||
        __builtin_add_overflow(out, step.nanoseconds, &out))
      return no_time(clock.provider());
    return out;
  });
}

// ---- 0.2 over 0.3

Adapted subscribe_over(std::string name, std::string waiting) {
  return {.name = std::move(name),
          .stand_in = {},
          .make = [waiting = std::move(waiting)](const ProviderRef& from, const std::string& interface)
              -> Result<std::unique_ptr<HostFunction>> {
            auto wait = TRY(Wait::find(from, {interface, waiting}, Wait::Effect::async));
            return component::make_host_function(
                [wait = std::move(wait)](Caller& caller,
                                         std::uint64_t when) -> Result<std::unique_ptr<p2::Pollable>> {
                  return std::make_unique<p2::Pollable>(TRY(start_wait(caller, wait, when)));
                });
          }};
}

Result<std::unique_ptr<HostFunction>> wall_now(const ProviderRef& from, const std::string& interface) {
  auto clock = TRY(SystemClock::find(from, {interface, "now"}));
  return component::make_host_function([clock = std::move(clock)](Caller& caller) -> Result<p2::Datetime> {
    const auto time = TRY(clock.call(caller));
    if (time.nanoseconds >= kSecond) return no_time(clock.provider());
    return p2::to_datetime(time).value_or(p2::Datetime{});
  });
}

Result<std::unique_ptr<HostFunction>> wall_resolution(const ProviderRef& from, const std::string& interface) {
  auto clock = TRY(ProviderFunction<std::uint64_t()>::find(from, {interface, "get-resolution"}));
  return component::make_host_function([clock = std::move(clock)](Caller& caller) -> Result<p2::Datetime> {
    const auto step = TRY(clock.call(caller));
    return p2::Datetime{.seconds = step / kSecond, .nanoseconds = static_cast<std::uint32_t>(step % kSecond)};
  });
}

}  // namespace

std::vector<component::Bridge> clocks() {
  return {
      adapt("wasi:clocks/monotonic-clock@0.3", "wasi:clocks/monotonic-clock@0.2",
            {{.name = "now", .stand_in = "now"},
             {.name = "get-resolution", .stand_in = "resolution"},
             wait_over("wait-until", "subscribe-instant"),
             wait_over("wait-for", "subscribe-duration")}),
      adapt("wasi:clocks/monotonic-clock@0.2", "wasi:clocks/monotonic-clock@0.3",
            {{.name = "now", .stand_in = "now"},
             {.name = "resolution", .stand_in = "get-resolution"},
             subscribe_over("subscribe-instant", "wait-until"),
             subscribe_over("subscribe-duration", "wait-for")}),
      adapt("wasi:clocks/system-clock@0.3", "wasi:clocks/wall-clock@0.2",
            {{.name = "now", .stand_in = {}, .make = system_now},
             {.name = "get-resolution", .stand_in = {}, .make = system_resolution}}),
      adapt("wasi:clocks/wall-clock@0.2", "wasi:clocks/system-clock@0.3",
            {{.name = "now", .stand_in = {}, .make = wall_now},
             {.name = "resolution", .stand_in = {}, .make = wall_resolution}}),
  };
}

}  // namespace wisp::wasi::bridge
