// Runs scenarios of the scenario fuzzer in our runtime. Whoever is at the other end of the standard streams
// (scenario.py) takes every decision: what the host does next, and what each task of the guest does next.
//   wisp_scenario GUEST.wasm
//
// In:   n                begin a scenario
// Out:  S TOKEN KIND R0 R1    a task reports; answered by its next operation, a number
//       H idle|ready          the host's turn: nothing is left to run, or something is. Answered by
//                               c INSTANCE FUNCTION TOKEN   call an export
//                               k TOKEN                     ask for the cancellation of such a call
//                               r                           let the loop turn once
//                               e                           end
//       R TOKEN VALUE, C TOKEN  a call of the host has returned, was cancelled
//       T MESSAGE               a trap: the scenario is over
//       E                       the scenario is over, nothing of it is left
#include "component/link/testing.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

namespace wisp::component {
namespace {

/// The other end. Lines both ways.
class Director {
 public:
  template <class... A>
  void tell(fmt::format_string<A...> format, A&&... arguments) {
    out_ += fmt::format(format, std::forward<A>(arguments)...);
    out_ += '\n';
  }
  /// False at the end of the input.
  bool listen(std::string& line) {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    std::fflush(stdout);
    out_.clear();
    return static_cast<bool>(std::getline(std::cin, line));
  }
  std::uint64_t number() {
    std::string line;
    std::uint64_t value = 0;
    if (listen(line)) std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
  }

 private:
  std::string out_;
};

/// A call by the host.
class RootCall final : public CallSource {
 public:
  RootCall(Director& director, std::uint32_t token) : director_(&director), token_(token) {}

  TaskRef task;

 private:
  Result<> start(CallSide&, FlatSpan params) override {
    store_slot(params[0], token_);
    return {};
  }
  Result<> resolve(CallSide&, FlatSpan results) override {
    director_->tell("R {} {}", token_, static_cast<std::uint32_t>(load_slot(results[0])));
    return {};
  }
  void cancelled() noexcept override { director_->tell("C {}", token_); }
  void failed(const Error&) noexcept override {}

  Director* director_;
  std::uint32_t token_;
};

class Scenario {
 public:
  Scenario(testing::Host& host, std::shared_ptr<const Linked> linked, Director& director)
      : host_(&host), linked_(std::move(linked)), director_(&director) {
    host_->run([&](GuestRun& run) {
      tree_ = testing::must(Tree::instantiate(linked_, run, host_->limits, nullptr));
    });
  }
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;
  ~Scenario() {
    tree_ = nullptr;
    calls_.clear();
    host_->shard.loop().restart();
    host_->shard.loop().poll();
  }

  void run() {
    bool idle = true;
    std::string line;
    for (;;) {
      director_->tell("H {}", idle ? "idle" : "ready");
      if (!director_->listen(line) || line.starts_with("e")) return;
      if (line.starts_with("r")) {
        host_->shard.loop().restart();
        idle = host_->shard.loop().poll_one() == 0;
      } else {
        act(line);
        idle = false;
      }
      // A guest that was paused because its steps took long is still inside.
      while (tree_->busy()) {
        host_->shard.loop().restart();
        host_->shard.loop().run_one();
      }
      if (auto outcome = tree_->outcome(); !outcome) {
        director_->tell("T {}", outcome.error().message());
        return;
      }
    }
  }

 private:
  void act(const std::string& line) {
    std::istringstream words(line);
    std::string verb, instance, function;
    unsigned token = 0;
    words >> verb;
    if (verb == "c" && words >> instance >> function >> token) {
      const Lift* const lift = find_export(*linked_, fmt::format("test:scenario/{}", instance), function);
      if (lift == nullptr) return;
      RootCall& call = *(calls_[token] = std::make_unique<RootCall>(*director_, token));
      // A trap is seen in the tree.
      if (auto task = tree_->start(*lift, call)) call.task = *task;
    } else if (verb == "k" && words >> token && calls_.contains(token)) {
      if (const TaskRef task = calls_[token]->task) (void)task->request_cancellation(nullptr);
    }
  }

  testing::Host* host_;
  std::shared_ptr<const Linked> linked_;
  Director* director_;
  std::map<std::uint32_t, std::unique_ptr<RootCall>> calls_;
  std::unique_ptr<Tree> tree_;
};

int run(const char* guest) {
  testing::Host host;
  Director director;
  host.linker.interface("test:scenario/host")
      .function("step",
                [&](Caller&, std::uint32_t token, std::uint32_t kind, std::uint64_t r0, std::uint64_t r1) {
                  director.tell("S {} {} {} {}", token, kind, r0, r1);
                  return director.number();
                });
  const Component::Options options{.features = WISP_FEATURE_MORE_ASYNC | WISP_FEATURE_STACKFUL,
                                   .cache = nullptr};
  const auto linked =
      host.link(testing::must(Component::load(*host.engine, testing::read_file(guest), options)));
  std::string line;
  while (director.listen(line)) {
    Scenario(host, linked, director).run();
    director.tell("E");
  }
  return 0;
}

}  // namespace
}  // namespace wisp::component

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: wisp_scenario GUEST.wasm\n", stderr);
    return 2;
  }
  std::ios::sync_with_stdio(false);
  return wisp::component::run(argv[1]);
}
