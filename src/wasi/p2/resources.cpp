#include "wasi/p2/resources.hpp"

#include "component/instance/caller.hpp"
#include "component/instance/guest_run.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace wisp::wasi::p2 {

namespace {

/// How long a drop waits: a component that is written to may never read.
constexpr std::chrono::seconds kPatience{30};

/// Outlives the frame that waits for it, while its timer's handler is queued.
struct Bell {
  Signal signal;
  bool rung = false;
};

}  // namespace

Result<> Children::none_left(std::string_view what) const {
  if (any()) return fail(Errc::trap_host, "{} was dropped while handles made from it are still held", what);
  return {};
}

Result<> OutputStream::dropped(component::GuestRun& run) {
  if (!sink_->writing()) return {};
  component::GuestWaiter waiter(run);
  const auto late = std::make_shared<Bell>();
  boost::asio::steady_timer timer(run.shard().loop(), kPatience);
  timer.async_wait([late](const boost::system::error_code& error) {
    if (error) return;
    late->rung = true;
    late->signal.fire();
  });
  SignalLink ringing;
  ringing.link(late->signal, waiter);
  while (sink_->writing() && !late->rung) {
    SignalLink changing;
    changing.link(sink_->changed(), waiter);
    // Whoever runs the guest sees that it was cancelled.
    if (!waiter.wait()) break;
  }
  return {};
}

}  // namespace wisp::wasi::p2
