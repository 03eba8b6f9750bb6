#include "wasi/p3/wait.hpp"

namespace wisp::wasi::p3 {

boost::asio::awaitable<bool> until_ready(Readiness& readiness) {
  Alarm alarm;
  while (!readiness.ready()) {
    SignalLink link;
    link.link(readiness.changed(), alarm);
    if (!co_await alarm.wait()) co_return false;
  }
  co_return true;
}

}  // namespace wisp::wasi::p3
