#include "cli/failure_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wisp::cli {
namespace {

Error left_out(Errc code, std::uint64_t count) {
  return Error(code, fmt::format("{} more of this kind {} not shown", count, count == 1 ? "was" : "were"));
}

}  // namespace

FailureLog::~FailureLog() {
  for (const auto& [code, kind] : kinds_) {
    if (kind.left_out != 0) write_(left_out(code, kind.left_out));
  }
}

void FailureLog::fill(Kind& kind, Clock::time_point now) const {
  const auto gained = (now - kind.filled) / kInterval;
  if (gained <= 0) return;
  kind.tokens = static_cast<std::uint32_t>(std::min<std::int64_t>(kBurst, gained + kind.tokens));
  kind.filled += gained * kInterval;
}

void FailureLog::add(const Error& error) {
  std::vector<Error> out;  // written without the lock: whoever reads them may be slow
  {
    const std::lock_guard lock(mutex_);
    const auto now = now_();
    kinds_.try_emplace(error.code(), Kind{.filled = now});
    for (auto& [code, kind] : kinds_) {
      fill(kind, now);
      if (kind.left_out != 0 && kind.tokens != 0)
        out.push_back(left_out(code, std::exchange(kind.left_out, 0)));
    }
    Kind& kind = kinds_.at(error.code());
    if (kind.tokens != 0) {
      --kind.tokens;
      out.push_back(error);
    } else {
      ++kind.left_out;
    }
  }
  for (const Error& one : out) write_(one);
}

}  // namespace wisp::cli
