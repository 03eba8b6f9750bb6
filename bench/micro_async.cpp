// What the asynchronous side of the component layer costs: calls with callbacks, streams between instances.
#include "component/instance/subtask.hpp"
#include "component/link/host.hpp"
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
  TreeLimits limits{.lifted_bytes = ~0ULL};
  std::shared_ptr<const Linked> linked;
  std::unique_ptr<Tree> tree;

  Bench() {
    linker.interface("demo:micro/async").async_function("now", [](Caller&, std::uint32_t x) { return x; });
    linked = must(
        link(must(Component::load(*engine, component::testing::read_file(WISP_WAT_DIR "/async.wasm"), {})),
             linker));
    on_fiber([&](GuestRun& run) { tree = must(Tree::instantiate(linked, run, limits, nullptr)); });
  }

  template <class F>
  void on_fiber(F body) {
    GuestRun run(shard);
    must(run.start([&] { body(run); }));
    while (!run.done()) {
      shard.loop().restart();
      shard.loop().run_one();
    }
  }

  void call(benchmark::State& state, const char* name, std::initializer_list<std::uint32_t> numbers) {
    const Lift* lift = find_export(*linked, name);
    on_fiber([&](GuestRun& run) {
      for (auto _ : state) {
        std::vector<Value> arguments;
        for (const auto number : numbers) arguments.push_back({number});
        benchmark::DoNotOptimize(must(invoke(*tree, run, *lift, arguments)));
      }
    });
  }
};

/// A call from the loop to an async function with a callback, which returns at once.
struct Caller32 final : CallSource {
  std::uint32_t answer = 0;
  Result<> start(CallSide&, FlatSpan params) override {
    params[0].i64 = 0;
    params[0].i32 = 7;
    return {};
  }
  Result<> resolve(CallSide&, FlatSpan results) override {
    answer = static_cast<std::uint32_t>(results[0].i32);
    return {};
  }
  void cancelled() noexcept override {}
  void failed(const Error&) noexcept override {}
};

void host_to_guest_callback(benchmark::State& state) {
  Bench bench;
  const Lift* lift = find_export(*bench.linked, "nop");
  for (auto _ : state) {
    Caller32 source;
    benchmark::DoNotOptimize(must(bench.tree->start(*lift, source)));
    if (source.answer != 7) state.SkipWithError("no answer");
  }
}
BENCHMARK(host_to_guest_callback);

constexpr std::uint32_t kTimes = 10'000;

void guest_to_host_async(benchmark::State& state) {
  Bench bench;
  bench.call(state, "call-now", {kTimes});
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kTimes);
}
BENCHMARK(guest_to_host_async);

void guest_to_guest_async(benchmark::State& state) {
  Bench bench;
  bench.call(state, "call-nop", {kTimes});
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kTimes);
}
BENCHMARK(guest_to_guest_async);

void stream_bytes(benchmark::State& state) {
  Bench bench;
  const auto chunk = static_cast<std::uint32_t>(state.range(0));
  bench.call(state, "bytes", {1000, chunk});
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 1000 * chunk);
}
BENCHMARK(stream_bytes)->Arg(64)->Arg(4096)->Arg(65536);

void stream_records(benchmark::State& state) {
  Bench bench;
  const auto chunk = static_cast<std::uint32_t>(state.range(0));
  bench.call(state, "records", {1000, chunk});
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 1000 * chunk);
}
BENCHMARK(stream_records)->Arg(16)->Arg(1024);

}  // namespace
