#include "cli/guest_session.hpp"

#include "cli/failure.hpp"
#include "component/instance/guest_run.hpp"
#include "component/link/late_drops.hpp"
#include "wasi/http/local_call.hpp"

#include <unistd.h>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>

namespace wisp::cli {

namespace {

Error interrupted() { return Error(Errc::cancelled, "the program was interrupted"); }

/// Runs `work` from the loop. What guests do and leave behind cancels coroutines, which Asio does at once
/// from there; from elsewhere it posts that, and the coroutine may have ended by then, with the signal.
template <class Work>
void from_loop(boost::asio::io_context& loop, Work work) {
  bool done = false;
  boost::asio::post(loop, [&] {
    work();
    done = true;
  });
  while (!done && loop.run_one() != 0) {
  }
}

}  // namespace

Result<> GuestSession::run(std::shared_ptr<const component::Linked> linked,
                           const component::TreeLimits& limits, Work work) {
  auto& loop = shard_.loop();
  component::GuestRun guest(shard_);

  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  std::function<void()> wait_for_signal = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int number) {
      if (error) return;
      if (signal_ != 0) ::_exit(kExitSignal + number);
      signal_ = number;
      guest.cancel(interrupted());
      wait_for_signal();
    });
  };
  wait_for_signal();

  std::unique_ptr<component::Tree> tree;
  Result<> outcome;
  Result<> started;
  const auto enter = [&] {
    auto made = component::Tree::instantiate(std::move(linked), guest, limits, context_);
    if (!made) {
      outcome = std::unexpected(std::move(made).error());
      return;
    }
    tree = *std::move(made);
    outcome = work(*tree, guest);
  };
  from_loop(loop, [&] { started = guest.start(enter); });
  TRY(std::move(started));
  while (!guest.done()) loop.run_one();
  // A task of the guest may go on after it has answered.
  while (outcome && tree->tasks() != 0 && signal_ == 0 && loop.run_one() != 0) {
  }
  if (outcome && signal_ != 0) outcome = std::unexpected(interrupted());
  if (outcome) outcome = tree->outcome();
  from_loop(loop, [&] { tree.reset(); });
  // Calls of the host that the guest has left behind end there.
  loop.poll();
  // Companions that its requests went to.
  if (wasi::http::local_calls(loop) != 0) {
    from_loop(loop,
              [&] { wasi::http::kill_local_calls(loop, Error(Errc::cancelled, "the command has ended")); });
    while (wasi::http::local_calls(loop) != 0) loop.run_one();
  }
  from_loop(loop, [&] { component::end_lingering(shard_, Error(Errc::cancelled, "the command has ended")); });
  // Destructors of resources that the guest still held of its companions.
  while (component::pending_drops(shard_) != 0) loop.run_one();
  if (const auto& outgoing = context_->outgoing()) {
    from_loop(loop, [&] { outgoing->shut_down(); });
    while (outgoing->in_flight() != 0) loop.run_one();
  }
  // What the guest has written into streams that are still on their way, and what a slow reader has not taken
  // yet.
  while (signal_ == 0 && context_->file_streams().used() != 0 && loop.run_one() != 0) {
  }
  while (signal_ == 0 && !(context_->output()->ready() && context_->errors()->ready())) loop.run_one();
  return outcome;
}

}  // namespace wisp::cli
