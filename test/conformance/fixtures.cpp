/// Runs a component whose driver brings a host of its own: `wisp_fixtures [--features NAME] FILE CALL…`. All
/// calls are made in one instance, each written as for `wisp run --invoke`; their results go to stdout in
/// WAVE. What takes or gives streams has a name of its own instead (`kScripts`). The host's interfaces,
/// local:local/…, are those that the fixtures of the jco and Wasmtime repositories import.
#include "cli/guest_session.hpp"
#include "cli/loader.hpp"
#include "cli/target.hpp"
#include "cli/world.hpp"
#include "component/abi/wave.hpp"
#include "component/instance/call_side.hpp"
#include "component/link/channels.hpp"
#include "component/link/host.hpp"
#include "component/link/invoke.hpp"
#include "component/link/linker.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>
#include <iterator>

namespace wisp {

using boost::asio::awaitable;
using component::Caller;
using component::GuestRun;
using component::HostLinker;
using component::Linked;
using component::Tree;

// --- the host ---

/// local:local/ready: something that becomes ready, and stays so until it is told otherwise.
struct Thing final : component::HostResource {
  explicit Thing(boost::asio::io_context& loop)
      : change(loop, boost::asio::steady_timer::time_point::max()) {}
  bool ready = false;
  boost::asio::steady_timer change;  // never fires; cancelled when it becomes ready
};

awaitable<Result<>> until_ready(Thing& thing) {
  while (!thing.ready) {
    boost::system::error_code error;
    co_await thing.change.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (!thing.ready && (co_await boost::asio::this_coro::cancellation_state).cancelled() !=
                            boost::asio::cancellation_type::none)
      co_return fail(Errc::cancelled, "nobody waits any more");
  }
  co_return Result<>{};
}

/// local:local/borrowing-types and local:local/resource-stream: something with a method; how often it was
/// called counts.
struct X final : component::HostResource {};

struct Stuff {
  std::vector<std::int32_t> a;
  bool b = false;
  std::uint64_t c = 0;
};
WISP_RECORD(Stuff, ("a", "b", "c"), value.a, value.b, value.c)

struct State {
  int foos = 0;
  bool proceed = false;
};

awaitable<Result<>> sleep_for(boost::asio::io_context& loop, std::uint64_t milliseconds) {
  boost::asio::steady_timer timer(loop, std::chrono::milliseconds(milliseconds));
  boost::system::error_code error;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error) co_return fail(Errc::cancelled, "nobody waits any more");
  co_return Result<>{};
}

constexpr const char* kInAndOut = " - entered host - exited host";

awaitable<Result<std::string>> round_trip(Caller& caller, std::string text) {
  CO_TRY(co_await sleep_for(caller.loop(), 10));
  co_return text + kInAndOut;
}

using Many = std::tuple<std::string, std::uint32_t, std::vector<std::uint8_t>,
                        std::tuple<std::uint64_t, std::uint64_t>, Stuff, std::optional<Stuff>,
                        std::expected<Stuff, component::Unit>>;

awaitable<Result<Many>> many_round_trip(Caller& caller, std::string a, std::uint32_t b,
                                        std::vector<std::uint8_t> c,
                                        std::tuple<std::uint64_t, std::uint64_t> d, Stuff e,
                                        std::optional<Stuff> f, std::expected<Stuff, component::Unit> g) {
  CO_TRY(co_await sleep_for(caller.loop(), 10));
  co_return Many(a + kInAndOut, b, std::move(c), d, std::move(e), std::move(f), std::move(g));
}

awaitable<void> write_things(std::shared_ptr<component::StreamWriter<std::unique_ptr<X>>> writer,
                             std::uint32_t count) {
  for (; count != 0; --count) {
    auto one = std::make_unique<X>();
    if (!co_await writer->write(std::span(&one, 1))) co_return;
  }
}

void add_interfaces(HostLinker& linker, State& state) {
  linker.interface("local:local/ready")
      .resource<Thing>("thing")
      .function("[constructor]thing", [](Caller& caller) { return std::make_unique<Thing>(caller.loop()); })
      .function("[method]thing.set-ready",
                [](Caller&, Thing& self, bool ready) {
                  self.ready = ready;
                  if (ready) self.change.cancel();
                })
      .async_function("[method]thing.when-ready", [](Caller&, Thing& self) -> component::Eventually<void> {
        if (self.ready) return Result<>{};
        return until_ready(self);
      });
  linker.interface("local:local/continue")
      .function("set-continue", [&](Caller&, bool proceed) { state.proceed = proceed; })
      .function("get-continue", [&](Caller&) { return state.proceed; });
  linker.interface("local:local/sleep")
      .async_function("sleep-millis", [](Caller& caller, std::uint64_t milliseconds) {
        return sleep_for(caller.loop(), milliseconds);
      });
  linker.interface("local:local/borrowing-types")
      .resource<X>("x")
      .function("[constructor]x", [](Caller&) { return std::make_unique<X>(); })
      .function("[method]x.foo", [&](Caller&, X&) { ++state.foos; });
  linker.interface("local:local/resource-stream")
      .resource<X>("x")
      .function("[method]x.foo", [&](Caller&, X&) { ++state.foos; })
      .async_function(
          "foo", [](Caller& caller, std::uint32_t count) -> Result<component::Stream<std::unique_ptr<X>>> {
            auto writer = std::make_shared<component::StreamWriter<std::unique_ptr<X>>>();
            auto end = writer->readable();
            boost::asio::co_spawn(caller.loop(), write_things(std::move(writer), count),
                                  boost::asio::detached);
            return end;
          });
  linker.interface("local:local/baz").async_function("foo", round_trip);
  linker.interface("local:local/many").async_function("foo", many_round_trip);
}

// --- calls with streams ---

/// One instance, and who runs in it.
struct Session {
  const Linked& linked;
  Tree& tree;
  GuestRun& run;
};

/// Waits on the guest's fiber.
template <class T>
Result<T> wait_for(const Session& session, awaitable<Result<T>> work) {
  component::GuestWaiter done(session.run);
  std::optional<Result<T>> outcome;
  boost::asio::co_spawn(session.tree.shard().loop(), std::move(work),
                        [&](const std::exception_ptr&, Result<T> result) {
                          outcome.emplace(std::move(result));
                          done.wake();
                        });
  while (!outcome) done.wait_regardless();
  return *std::move(outcome);
}

/// Calls an export with typed values; flat parameters only.
template <class R, class... A>
Result<R> call(const Session& session, std::string_view name, A... arguments) {
  const auto target = TRY(cli::find_target(*session.linked.plan, name));
  std::optional<R> answer;
  TRY(session.tree.call(
      session.run, *target.lift,
      [&](component::CallSide& side, component::FlatSpan values) -> Result<> {
        component::LowerContext out{.side = side, .memory = side.memory()};
        auto* at = values.data();
        const auto lower = [&]<class T>(T value) -> Result<> {
          TRY(component::Wit<T>::lower(out, at, std::move(value)));
          at += component::Wit<T>::kFlat.size();
          return {};
        };
        Result<> all;
        (void)((all = lower(std::move(arguments))) && ...);
        return all;
      },
      [&](component::CallSide& side, component::FlatSpan values) -> Result<> {
        if constexpr (!std::is_same_v<R, component::Unit>) {
          component::LiftContext in{.side = side, .memory = side.memory(), .scratch = {}};
          answer = TRY(component::Wit<R>::lift(in, values.data()));
        } else {
          answer.emplace();
        }
        return {};
      }));
  return *std::move(answer);
}

awaitable<void> write_bytes(std::shared_ptr<component::StreamWriter<std::uint8_t>> writer,
                            std::vector<std::uint8_t> bytes) {
  (void)co_await writer->write_all(bytes);
}

/// Bytes that come when they are read.
component::Stream<std::uint8_t> stream_of(boost::asio::io_context& loop, std::vector<std::uint8_t> bytes) {
  auto writer = std::make_shared<component::StreamWriter<std::uint8_t>>();
  auto end = writer->readable();
  boost::asio::co_spawn(loop, write_bytes(std::move(writer), std::move(bytes)), boost::asio::detached);
  return end;
}

/// The guest makes a stream and drops its end at once.
Result<> closed_stream(const Session& session) {
  component::StreamReader<std::uint8_t> reader(
      TRY(call<component::Stream<std::uint8_t>>(session, "local:local/closed-stream#get")));
  std::uint8_t byte = 0;
  const auto count = TRY(wait_for(session, reader.read(std::span(&byte, 1))));
  if (count != 0 || !reader.dropped()) return fail(Errc::internal, "the stream has not ended");
  return {};
}

/// The guest reads what the host writes, and compares it itself.
Result<> closed_streams(const Session& session) {
  auto& loop = session.tree.shard().loop();
  const std::vector<std::uint8_t> bytes{42, 43, 44};
  TRY(call<component::Unit>(session, "local:local/closed#read-stream", stream_of(loop, bytes), bytes));
  for (const auto* name : {"local:local/closed#read-future", "local:local/closed#read-future-post-return"}) {
    component::FutureWriter<std::uint8_t> value, ignored;
    auto first = value.readable(), second = ignored.readable();
    value.write(42);
    ignored.write(42);
    TRY(call<component::Unit>(session, name, std::move(first), std::uint8_t{42}, std::move(second)));
  }
  return {};
}

/// Tells nothing but that it has ended.
struct Quiet final : component::CallSource {
  Result<> start(component::CallSide&, component::FlatSpan) override { return {}; }
  Result<> resolve(component::CallSide&, component::FlatSpan) override {
    ended = true;
    return {};
  }
  void cancelled() noexcept override {}
  void failed(const Error& error) noexcept override { failure = error; }
  bool ended = false;
  std::optional<Error> failure;
};

/// Two calls at a time; the second wakes the first.
Result<> two_runs(const Session& session) {
  const auto target = TRY(cli::find_target(*session.linked.plan, "local:local/run#run"));
  Quiet first, second;
  const auto one = TRY(session.tree.start(*target.lift, first));
  const auto two = TRY(session.tree.start(*target.lift, second));
  while (!(first.ended && second.ended)) {
    for (auto* each : {&first, &second}) {
      if (each->failure) return std::unexpected(*each->failure);
    }
    TRY(wait_for(session, sleep_for(session.tree.shard().loop(), 1)));
  }
  return {};
}

struct Script {
  std::string_view name;
  Result<> (*run)(const Session& session);
};
constexpr std::array kScripts{Script{"closed-stream", closed_stream},
                              Script{"closed-streams", closed_streams}, Script{"two-runs", two_runs}};

// --- the program ---

Result<> one_call(const Session& session, const std::string& text) {
  const auto script = std::ranges::find(kScripts, text, &Script::name);
  if (script != kScripts.end()) return script->run(session);
  const auto parsed = TRY(component::parse_wave_call(text));
  const auto target = TRY(cli::find_target(*session.linked.plan, parsed.name));
  const auto& type = *target.lift->type;
  const auto arguments = TRY(component::parse_wave_args(parsed, type));
  const auto result = TRY(component::invoke(session.tree, session.run, *target.lift, arguments));
  if (result) fmt::print("{}\n", component::print_wave(*result, type.result));
  return {};
}

Result<> run_all(std::span<char* const> words) {
  std::vector<std::string> features;
  if (words.size() > 1 && std::string_view(words[0]) == "--features") {
    features.emplace_back(words[1]);
    words = words.subspan(2);
  }
  if (words.size() < 2) return fail(Errc::usage, "usage: wisp_fixtures [--features NAME] FILE CALL...");
  std::ifstream in(words[0], std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  const auto view = std::as_bytes(std::span(bytes));

  const auto engine = TRY(engine::Engine::create({.pooling = false}));
  State state;
  const auto linker = TRY(cli::make_host({}));
  add_interfaces(*linker, state);
  auto loaded = TRY(component::Component::load(*engine, {view.begin(), view.end()}, {
    .features = TRY(cli::parse_features(features))
    , .cache = nullptr
  }));
  const auto linked = TRY(component::link(std::move(loaded), *linker));
  wasi::Setup setup;
  setup.output = {wasi::inherit_stdout(), false};
  setup.errors = {wasi::inherit_stderr(), false};
  component::Shard shard(engine);
  cli::GuestSession session(shard, std::make_shared<wasi::Context>(
                                       std::make_shared<const wasi::Setup>(std::move(setup)), shard.loop()));
  TRY(session.run(linked, {}, [&](Tree& tree, GuestRun& run) -> Result<> {
    for (const auto* word : words.subspan(1))
      TRY(one_call({.linked = *linked, .tree = tree, .run = run}, word));
    return {};
  }));
  if (state.foos != 0) fmt::print("foo: {}\n", state.foos);
  return {};
}

}  // namespace wisp

int main(int count, char** words) {
  const auto done = wisp::run_all(std::span(words, static_cast<std::size_t>(count)).subspan(1));
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message());
  return 1;
}
