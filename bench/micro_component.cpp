// What the component layer costs by itself: instantiation, calls in and out, calls between trees.
// Run from the project's root: it reads build/guests.
#include "component/link/testing.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace wisp;
using namespace wisp::component;
using component::testing::must;

struct Bench {
  std::shared_ptr<engine::Engine> engine = must(engine::Engine::create({}));
  Shard shard{engine};
  HostLinker linker;
  TreeLimits limits;

  Bench() {
    linker.interface("demo:micro/peer@0.1.0")
        .function("add", [](Caller&, std::uint32_t a, std::uint32_t b) { return a + b; })
        .function("take", [](Caller&, ByteView bytes) { return static_cast<std::uint32_t>(bytes.size()); })
        .function("give", [](Caller&, std::uint32_t size) { return Bytes(size); });
  }

  std::shared_ptr<const Component> guest(const std::string& name) const {
    return must(
        Component::load(*engine, component::testing::read_file("build/guests/" + name + ".wasm"), {}));
  }

  /// Runs `body` on a fiber, as guests do.
  template <class F>
  void on_fiber(F body) {
    GuestRun run(shard);
    must(run.start([&] { body(run); }));
    while (!run.done()) shard.loop().run_one();
  }
};

Value u32(std::uint32_t value) { return {value}; }

/// `times` calls of one import inside one call of the guest.
void drive(benchmark::State& state, Bench& bench, const std::shared_ptr<const Linked>& linked,
           const char* function, std::uint32_t size) {
  constexpr std::uint32_t kTimes = 10'000;
  bench.on_fiber([&](GuestRun& run) {
    auto tree = must(Tree::instantiate(linked, run, bench.limits, nullptr));
    const Lift* lift = find_export(*linked, "demo:micro/drive@0.1.0", function);
    const bool sized = lift->type->params.size() == 2;
    for (auto _ : state) {
      std::vector<Value> arguments;
      arguments.push_back(u32(kTimes));
      if (sized) arguments.push_back(u32(size));
      benchmark::DoNotOptimize(must(invoke(*tree, run, *lift, arguments)));
    }
  });
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kTimes);
  if (size != 0) state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * kTimes * size);
}

void host_import_scalar(benchmark::State& state) {
  Bench bench;
  drive(state, bench, must(link(bench.guest("micro-caller"), bench.linker)), "add", 0);
}
BENCHMARK(host_import_scalar);

void host_import_list(benchmark::State& state) {
  Bench bench;
  drive(state, bench, must(link(bench.guest("micro-caller"), bench.linker)), "take",
        static_cast<std::uint32_t>(state.range(0)));
}
BENCHMARK(host_import_list)->Arg(64)->Arg(4096);

void within_a_tree_scalar(benchmark::State& state) {
  constexpr std::uint32_t kTimes = 10'000;
  Bench bench;
  const auto linked = must(link(
      must(Component::load(*bench.engine, component::testing::read_file(WISP_WAT_DIR "/calls.wasm"), {})),
      bench.linker));
  bench.on_fiber([&](GuestRun& run) {
    auto tree = must(Tree::instantiate(linked, run, bench.limits, nullptr));
    const Lift* lift = find_export(*linked, "run");
    for (auto _ : state) {
      std::vector<Value> arguments;
      arguments.push_back(u32(kTimes));
      benchmark::DoNotOptimize(must(invoke(*tree, run, *lift, arguments)));
    }
  });
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kTimes);
}
BENCHMARK(within_a_tree_scalar);

/// The caller and what it calls, each a tree of its own.
std::shared_ptr<const Linked> pair(Bench& bench, const char* callee = "micro") {
  const std::array<std::shared_ptr<const Provider>, 1> providers{std::make_shared<Provider>(Provider{
      .name = callee, .linked = must(link(bench.guest(callee), bench.linker)), .max_invocations = ~0U})};
  return must(link(bench.guest("micro-caller"), bench.linker, providers));
}

void between_trees_scalar(benchmark::State& state) {
  Bench bench;
  drive(state, bench, pair(bench), "add", 0);
}
BENCHMARK(between_trees_scalar);

/// Something that becomes ready on the shard, and lets a guest go on.
struct Wake final : Runnable {
  explicit Wake(GuestWaiter& waits) : waiter(waits) {}
  void run() noexcept override { waiter.wake(); }
  GuestWaiter& waiter;
};

// The same with a relay as the callee, which asks the host: once it answers at once, once it lets the callee
// wait.
void between_trees_then_host(benchmark::State& state) {
  Bench bench;
  drive(state, bench, pair(bench, "micro-relay"), "add", 0);
}
BENCHMARK(between_trees_then_host);

void between_trees_blocks_once(benchmark::State& state) {
  Bench bench;
  bench.linker.interface("demo:micro/peer@0.1.0")
      .function("add", [&bench](Caller& caller, std::uint32_t a, std::uint32_t b) -> Result<std::uint32_t> {
        GuestWaiter turn(caller);
        Wake wake(turn);
        bench.shard.enqueue(wake);
        TRY(turn.wait());
        return a + b;
      });
  drive(state, bench, pair(bench, "micro-relay"), "add", 0);
}
BENCHMARK(between_trees_blocks_once);

void between_trees_list(benchmark::State& state) {
  Bench bench;
  drive(state, bench, pair(bench), "take", static_cast<std::uint32_t>(state.range(0)));
}
BENCHMARK(between_trees_list)->Arg(64)->Arg(4096)->Arg(1 << 20);

void instantiate_and_drop(benchmark::State& state, const char* name) {
  Bench bench;
  const auto linked = must(link(bench.guest(name), bench.linker));
  bench.on_fiber([&](GuestRun& run) {
    for (auto _ : state)
      benchmark::DoNotOptimize(must(Tree::instantiate(linked, run, bench.limits, nullptr)));
  });
}
BENCHMARK_CAPTURE(instantiate_and_drop, no_imports, "micro");
BENCHMARK_CAPTURE(instantiate_and_drop, three_modules, "micro-caller");

void host_to_guest_scalar(benchmark::State& state) {
  Bench bench;
  const auto linked = must(link(bench.guest("micro"), bench.linker));
  bench.on_fiber([&](GuestRun& run) {
    auto tree = must(Tree::instantiate(linked, run, bench.limits, nullptr));
    const Lift* lift = find_export(*linked, "demo:micro/peer@0.1.0", "add");
    std::int32_t sum = 0;
    for (auto _ : state) {
      must(tree->call(
          run, *lift,
          [](CallSide&, FlatSpan values) -> Result<> {
            values[0].i32 = 1;
            values[1].i32 = 2;
            return {};
          },
          [&](CallSide&, FlatSpan values) -> Result<> {
            sum += values[0].i32;
            return {};
          }));
    }
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(host_to_guest_scalar);

}  // namespace
