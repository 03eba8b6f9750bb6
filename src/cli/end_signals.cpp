#include "cli/end_signals.hpp"

#include <pthread.h>

namespace wisp::cli {

EndSignals::EndSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

EndSignals::~EndSignals() {
  if (!watcher_.joinable()) return;
  state_ = State::over;
  pthread_kill(watcher_.native_handle(), SIGTERM);
  watcher_.join();
}

void EndSignals::let_through() const noexcept {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

void EndSignals::watch() const noexcept {
  int number = 0;
  while (sigwait(&set_, &number) != 0) {
  }
  if (state_ != State::loading) return;
  let_through();
  std::raise(number);
}

}  // namespace wisp::cli
