#pragma once

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace wisp::cli {

/// Reports what goes wrong while serving, but no more than somebody can read: of each kind (error code)
/// kBurst at once and then one each kInterval. What was left out is counted, and said with the next failure
/// that finds room or at the end.
///
/// Owned by main(); add() by all shards at once.
class FailureLog {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(const Error&)>;

  static constexpr std::uint32_t kBurst = 10;
  static constexpr std::chrono::milliseconds kInterval{1000};

  /// `write` is called by whoever adds, several threads at once.
  explicit FailureLog(Write write, std::function<Clock::time_point()> now = &Clock::now)
      : write_(std::move(write)), now_(std::move(now)) {}
  ~FailureLog();
  FailureLog(const FailureLog&) = delete;
  FailureLog& operator=(const FailureLog&) = delete;

  void add(const Error& error);

 private:
  struct Kind {
    std::uint32_t tokens = kBurst;
    Clock::time_point filled;  // when tokens was counted last
    std::uint64_t left_out = 0;
  };

  void fill(Kind& kind, Clock::time_point now) const;

  Write write_;
  std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::map<Errc, Kind> kinds_;  // under mutex_
};

}  // namespace wisp::cli
