#pragma once

#include "cli/terminal.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace wisp::cli {

/// A line on a terminal while something takes long ("compiling x.wasm … 1.2 s"), gone when it is done. Shown
/// only after a moment, and not at all where no person watches. Lives on the stack around the work.
class Progress {
 public:
  Progress(const Console& console, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show(std::stop_token stop);

  Terminal terminal_;
  std::string what_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace wisp::cli
