#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>

namespace wisp::cli {

/// SIGINT and SIGTERM, blocked in the thread that makes this and in all that it starts from here on. A thread
/// of its own waits for them: while nothing is served yet (a large component compiles for seconds) they end
/// the process as if nobody listened.
class EndSignals {
 public:
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  /// From here on the first of them is kept for wait().
  void begin() noexcept { state_ = State::serving; }
  /// Until it has come. Once, after begin().
  void wait() { watcher_.join(); }
  /// The next one ends the process as if nobody had ever listened.
  void let_through() const noexcept;

 private:
  enum class State : std::uint8_t { loading, serving, over };
  void watch() const noexcept;

  sigset_t set_{};
  std::atomic<State> state_ = State::loading;
  std::thread watcher_;
};

}  // namespace wisp::cli
