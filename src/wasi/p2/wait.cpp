#include "wasi/p2/wait.hpp"

#include <boost/asio/post.hpp>

#include <memory>

namespace wisp::wasi::p2 {

Result<> wait_for(component::Caller& caller, Readiness& readiness) {
  if (readiness.ready()) return {};
  component::GuestWaiter waiter(caller);
  do {
    SignalLink link;
    link.link(readiness.changed(), waiter);
    TRY(waiter.wait());
  } while (!readiness.ready());
  return {};
}

Result<> let_loop_turn(component::Caller& caller) {
  component::GuestWaiter waiter(caller);
  const auto turned = std::make_shared<Signal>();
  SignalLink link;
  link.link(*turned, waiter);
  boost::asio::post(caller.loop(), [turned] { turned->fire(); });
  return waiter.wait();
}

}  // namespace wisp::wasi::p2
