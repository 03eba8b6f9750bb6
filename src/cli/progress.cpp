#include "cli/progress.hpp"

#include "cli/text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace wisp::cli {

namespace {
constexpr std::chrono::milliseconds kPatience{300}, kRefresh{100};
}  // namespace

Progress::Progress(const Console& console, std::string what)
    : terminal_(console.err), what_(printable(what)) {
  if (terminal_.is_terminal() && terminal_.colour() == Colour::on && console.format == OutputFormat::text)
    thread_ = std::jthread([this](std::stop_token stop) { show(std::move(stop)); });
}

Progress::~Progress() = default;

void Progress::show(std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  auto pause = kPatience;
  bool shown = false;
  while (!wake_.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    terminal_.write(fmt::format("\r\x1b[K{} … {:.1f} s", what_, passed.count()));
    shown = true;
    pause = kRefresh;
  }
  if (shown) terminal_.write("\r\x1b[K");
}

}  // namespace wisp::cli
