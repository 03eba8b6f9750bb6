#include "component/link/provider_object.hpp"

#include "component/link/late_drops.hpp"
#include "component/link/provider_queue.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace wisp::component {
namespace {

using testing::Host;
using testing::must;

struct OldCounter {
  static constexpr std::string_view kInterface = "demo:c/counters@0.2";
  static constexpr std::string_view kName = "counter";
};
struct OtherCounter {
  static constexpr std::string_view kInterface = "demo:c/counters@0.2";
  static constexpr std::string_view kName = "other";
};

using Counter = Foreign<OldCounter>;
using Make = ProviderFunction<Counter(std::uint32_t)>;
using Peek = ProviderFunction<std::uint32_t(Lent<OldCounter>)>;
using Dropped = ProviderFunction<std::uint32_t()>;

/// A bridge's own class for counters.
class NewCounter final : public HostResource {
 public:
  explicit NewCounter(Counter of) : of_(std::move(of)) {}
  [[nodiscard]] const Counter& of() const noexcept { return of_; }
  Result<> dropped(GuestRun& run) override { return of_.dropped(run); }

 private:
  Counter of_;
};

std::vector<std::string> path(std::string name) { return {"demo:c/counters@0.2", std::move(name)}; }

Bridges bridges() {
  Bridges all;
  all.known.push_back(known_resource<OldCounter>());
  all.interfaces.push_back(
      {.import_name = "demo:c/counters@0.3",
       .export_name = "demo:c/counters@0.2",
       .defines = "counter",
       .resources = {{"counter", host_type_tag<NewCounter>()}},
       .bind = [](const ProviderRef& from, const ImportedFunc& import,
                  const ResourceTags&) -> Result<std::shared_ptr<const HostFunction>> {
         if (import.path.back() == "make")
           return make_host_function(
               [make = TRY(Make::find(from, path("make")))](
                   Caller& caller, std::uint32_t rep) -> Result<std::unique_ptr<NewCounter>> {
                 return std::make_unique<NewCounter>(TRY(make.call(caller, rep)));
               });
         if (import.path.back() == "peek")
           return make_host_function([peek = TRY(Peek::find(from, path("peek")))](
                                         Caller& caller, NewCounter& self) -> Result<std::uint32_t> {
             return peek.call_in(self.of().tree(), caller, self.of());
           });
         return make_host_function(
             [dropped = TRY(Dropped::find(from, path("dropped")))](Caller& caller) -> Result<std::uint32_t> {
               return dropped.call(caller);
             });
       }});
  return all;
}

class ProviderObjects : public ::testing::Test {
 protected:
  std::shared_ptr<const Component> wat(const std::string& name) {
    return host.load(testing::read_file(WISP_WAT_DIR "/" + name + ".wasm"));
  }
  ProviderRef provider() {
    return {.provider = std::make_shared<Provider>(
                Provider{.name = "one.wasm",
                         .linked = must(link(wat("counters_provider"), host.linker, {}, bridges())),
                         .on_crash = [this](const Error& error) { crashes.push_back(error); }})};
  }
  Result<std::uint32_t> ask(const std::string& what, std::uint32_t rep) {
    const std::array providers{provider().provider};
    const auto linked = must(link(wat("counters_importer"), host.linker, providers, bridges()));
    auto said = host.invoke(linked, what, testing::values(rep));
    if (!said) return std::unexpected(std::move(said).error());
    return std::get<std::uint32_t>((**said).data);
  }
  /// A tree of the provider, for calls without a caller.
  std::shared_ptr<Tree> tree(const ProviderRef& from) {
    std::shared_ptr<Tree> made;
    host.run([&](GuestRun& run) {
      made = must(Tree::instantiate(from.provider->linked, run, host.limits, nullptr));
    });
    return made;
  }
  void drain() {
    host.shard.loop().restart();
    while (host.shard.loop().poll_one() != 0 || pending_drops(host.shard) != 0) {
      if (host.shard.loop().stopped()) host.shard.loop().restart();
    }
  }
  std::vector<Error> crashes;
  Host host;
};

TEST_F(ProviderObjects, AComponentUsesAnothersResourceThroughABridge) {
  EXPECT_EQ(must(ask("peek", 7)), 7U);
  EXPECT_EQ(must(ask("drop", 8)), 8U) << "the destructor runs within the drop";
  const auto trapped = ask("peek", 13);
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), Errc::trap_unreachable);
}

TEST_F(ProviderObjects, TypesAreThoseOfTheInterface) {
  const auto from = provider();
  EXPECT_TRUE(Make::find(from, path("make")));
  EXPECT_FALSE(ProviderFunction<Foreign<OtherCounter>(std::uint32_t)>::find(from, path("make")));
  EXPECT_FALSE(ProviderFunction<std::uint32_t(Lent<OtherCounter>)>::find(from, path("peek")));
  EXPECT_FALSE(ProviderFunction<std::uint32_t(Counter)>::find(from, path("peek"))) << "a borrow is no own";
  EXPECT_TRUE(ProviderFunction<std::uint32_t(Counter)>::find(from, path("take")));
  const auto refused = ProviderFunction<std::unique_ptr<NewCounter>(std::uint32_t)>::find(from, path("make"));
  EXPECT_FALSE(refused) << "the host has no such resource in the provider";
}

TEST_F(ProviderObjects, HandlesPassWithinOtherTypes) {
  using Maybe = ProviderFunction<std::expected<std::optional<Counter>, std::uint32_t>(std::uint32_t)>;
  using Two = ProviderFunction<std::vector<std::tuple<Counter, std::string>>()>;
  using Sum = ProviderFunction<std::uint32_t(std::vector<Lent<OldCounter>>, Counter)>;
  const auto from = provider();
  const auto in = tree(from);
  const auto maybe = must(Maybe::find(from, path("maybe")));
  const auto two = must(Two::find(from, path("two")));
  const auto sum = must(Sum::find(from, path("sum")));
  const auto peek = must(Peek::find(from, path("peek")));
  host.run([&](GuestRun& run) {
    const auto some = must(maybe.call_on(*in, run, 5));
    ASSERT_TRUE(some && *some);
    EXPECT_EQ(must(peek.call_on(*in, run, **some)), 5U);
    EXPECT_FALSE(must(maybe.call_on(*in, run, 0)).value());
    EXPECT_EQ(must(maybe.call_on(*in, run, 100)).error(), 100U);
    const auto both = must(two.call_on(*in, run));
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(std::get<1>(both[1]), "two");
    const Counter& given = std::get<0>(both[1]);
    EXPECT_EQ(must(sum.call_on(*in, run, {**some, std::get<0>(both[0])}, given)), 7U);
    const auto gone = peek.call_on(*in, run, given);
    ASSERT_FALSE(gone) << "it was given away";
    EXPECT_EQ(gone.error().code(), Errc::trap_handle);
    EXPECT_TRUE(in->poisoned()) << "the bridge's fault, which nobody goes on after";
  });
}

TEST_F(ProviderObjects, BelongToOneInstance) {
  const auto from = provider();
  const auto in = tree(from), other = tree(from), third = tree(provider());
  const auto make = must(Make::find(from, path("make")));
  const auto peek = must(Peek::find(from, path("peek")));
  host.run([&](GuestRun& run) {
    const auto one = must(make.call_on(*in, run, 3));
    EXPECT_EQ(peek.call_on(*other, run, one).error().code(), Errc::trap_handle);
    EXPECT_EQ(peek.call_on(*third, run, one).error().code(), Errc::trap_handle) << "of another component";
    EXPECT_EQ(must(peek.call_on(*in, run, one)), 3U);
  });
}

TEST_F(ProviderObjects, DestructorsRunWhenTheLastCopyEnds) {
  const auto from = provider();
  const auto in = tree(from);
  const auto make = must(Make::find(from, path("make")));
  const auto dropped = must(Dropped::find(from, path("dropped")));
  host.run([&](GuestRun& run) {
    auto one = must(make.call_on(*in, run, 3));
    auto two = must(make.call_on(*in, run, 4));
    {
      const auto copy = one;
      ASSERT_TRUE(one.dropped(run));
      EXPECT_EQ(must(dropped.call_on(*in, run)), 0U);
    }
    ASSERT_TRUE(two.dropped(run));
    EXPECT_EQ(must(dropped.call_on(*in, run)), 4U) << "at once";
  });
  drain();
  host.run([&](GuestRun& run) { EXPECT_EQ(must(dropped.call_on(*in, run)), 403U) << "later"; });
}

class ProviderQueues : public ProviderObjects {
 protected:
  template <class F>
  void spawn(F work) {
    boost::asio::co_spawn(host.shard.loop(), std::move(work), boost::asio::detached);
  }
};

TEST_F(ProviderQueues, CoroutinesCall) {
  const auto from = provider();
  const auto queue = std::make_shared<ProviderQueue>(tree(from), from.provider);
  const auto make = must(Make::find(from, path("make")));
  const auto peek = must(Peek::find(from, path("peek")));
  std::vector<std::uint32_t> said;
  for (const std::uint32_t rep : {1, 2, 3})
    spawn([&, rep]() -> boost::asio::awaitable<void> {
      const auto one = must(co_await queue->call(make, rep));
      said.push_back(must(co_await queue->call(peek, one)));
    });
  drain();
  EXPECT_EQ(said, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST_F(ProviderQueues, ATrapIsTheCallsErrorAndToldOnce) {
  const auto from = provider();
  const auto queue = std::make_shared<ProviderQueue>(tree(from), from.provider);
  const auto make = must(Make::find(from, path("make")));
  const auto peek = must(Peek::find(from, path("peek")));
  std::vector<Errc> said;
  spawn([&]() -> boost::asio::awaitable<void> {
    const auto one = must(co_await queue->call(make, 13));
    for (int i = 0; i < 2; ++i) {
      const auto trapped = co_await queue->call(peek, one);
      said.push_back(trapped.error().code());
      queue->report(trapped.error(), "demo:c/counters@0.2#peek");
    }
  });
  drain();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0], Errc::trap_unreachable);
  ASSERT_EQ(crashes.size(), 1U);
  EXPECT_TRUE(crashes[0].message().starts_with("one.wasm: "));
}

TEST_F(ProviderQueues, ACallThatNobodyWaitsForEndsWithTheQueue) {
  const auto from = provider();
  auto queue = std::make_shared<ProviderQueue>(tree(from), from.provider);
  const std::weak_ptr<Tree> in = queue->tree();
  const auto make = must(Make::find(from, path("make")));
  const auto peek = must(Peek::find(from, path("peek")));
  boost::asio::cancellation_signal stop;
  std::optional<Result<std::uint32_t>> said;
  spawn([&]() -> boost::asio::awaitable<void> {
    const auto one = must(co_await queue->call(make, 14));
    boost::asio::co_spawn(host.shard.loop(), queue->call(peek, one),
                          boost::asio::bind_cancellation_slot(
                              stop.slot(), [&](const std::exception_ptr&, Result<std::uint32_t> r) {
                                said.emplace(std::move(r));
                              }));
  });
  host.shard.loop().restart();
  for (int i = 0; i < 20; ++i) host.shard.loop().run_one();
  EXPECT_FALSE(said) << "it never ends";
  stop.emit(boost::asio::cancellation_type::terminal);
  for (int i = 0; i < 20 && !said; ++i) host.shard.loop().run_one();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->error().code(), Errc::cancelled);
  EXPECT_FALSE(in.lock()->poisoned()) << "it goes on";
  queue.reset();
  drain();
  EXPECT_TRUE(in.expired());
}

}  // namespace
}  // namespace wisp::component
