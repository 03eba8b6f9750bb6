#include "component/link/channels.hpp"

#include "component/link/host.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace wisp::component {
namespace {

using boost::asio::awaitable;

awaitable<Result<std::uint32_t>> later(Caller& caller, std::uint32_t ms) {
  boost::asio::steady_timer timer(caller.loop(), std::chrono::milliseconds(ms));
  boost::system::error_code error;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error) co_return fail(Errc::cancelled, "cancelled");
  co_return ms;
}

/// The same without a coroutine: its signal also fires once for nothing.
class Announced final : public Coming<std::uint32_t> {
 public:
  Announced(boost::asio::io_context& loop, std::uint32_t ms) : state_(std::make_shared<State>(loop, ms)) {
    boost::asio::post(loop, [state = state_] { state->changed.fire(); });
    state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
      state->passed = !error;
      state->changed.fire();
    });
  }
  ~Announced() override { state_->timer.cancel(); }

  std::optional<Result<std::uint32_t>> take() override {
    if (!state_->passed) return std::nullopt;
    return state_->ms;
  }
  Signal& changed() noexcept override { return state_->changed; }

 private:
  struct State {
    State(boost::asio::io_context& loop, std::uint32_t delay)
        : timer(loop, std::chrono::milliseconds(delay)), ms(delay), passed(delay == 0) {}
    boost::asio::steady_timer timer;
    Signal changed;
    std::uint32_t ms;
    bool passed;
  };
  std::shared_ptr<State> state_;
};

Eventually<std::uint32_t> announced(Caller& caller, std::uint32_t ms) {
  return std::make_unique<Announced>(caller.loop(), ms);
}

/// Writes 0 to 99 in two pieces, then drops its end.
awaitable<void> write_numbers(std::shared_ptr<StreamWriter<std::uint8_t>> writer) {
  std::array<std::uint8_t, 100> numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint8_t>(i);
  (void)co_await writer->write_all(std::span(numbers).first(33));
  (void)co_await writer->write_all(std::span(numbers).subspan(33));
}

awaitable<Result<std::uint32_t>> sum(Caller&, Stream<std::uint8_t> stream) {
  StreamReader<std::uint8_t> reader(std::move(stream));
  std::array<std::uint8_t, 16> chunk;
  std::uint32_t total = 0;
  for (;;) {
    const std::size_t count = CO_TRY(co_await reader.read(chunk));
    if (count == 0) co_return total;
    for (std::size_t i = 0; i < count; ++i) total += chunk[i];
  }
}

awaitable<Result<std::uint32_t>> words(Caller&, Stream<std::string> stream) {
  StreamReader<std::string> reader(std::move(stream));
  std::array<std::string, 4> some;
  std::uint32_t total = 0;
  for (;;) {
    const std::size_t count = CO_TRY(co_await reader.read(some));
    if (count == 0) co_return total;
    for (std::size_t i = 0; i < count; ++i) total += static_cast<std::uint32_t>(some[i].size());
  }
}

/// Waits for the answer of a call that ends otherwise.
struct Nobody final : CallSource {
  Result<> start(CallSide&, FlatSpan) override { return {}; }
  Result<> resolve(CallSide&, FlatSpan) override { return {}; }
  void cancelled() noexcept override {}
  void failed(const Error&) noexcept override { ++failures; }
  int failures = 0;
};

class Channels : public ::testing::Test {
 protected:
  /// Speaks the words as they are read, then drops its end; `spoken` counts who has ended.
  awaitable<void> speak(std::shared_ptr<StreamWriter<std::string>> writer) {
    std::vector<std::string> words{"one", "three", "", "fourteen", "a"};
    (void)co_await writer->write_all(words);
    ++spoken;
  }

  Channels() : Channels(later) {}

  /// `late` answers after so many milliseconds.
  template <class Late>
  explicit Channels(Late late) {
    auto& io = host.linker.interface("test:host/channels");
    io.async_function("echo", [](Caller&, std::uint32_t x) -> Result<std::uint32_t> { return x; });
    io.async_function("later", late);
    io.function("numbers", [](Caller& caller) {
      auto writer = std::make_shared<StreamWriter<std::uint8_t>>();
      auto end = writer->readable();
      boost::asio::co_spawn(caller.loop(), write_numbers(std::move(writer)), boost::asio::detached);
      return end;
    });
    io.async_function("sum", sum);
    io.function("word", [](Caller& caller) {
      auto writer = std::make_shared<FutureWriter<std::string>>();
      auto end = writer->readable();
      boost::asio::post(caller.loop(), [writer] { writer->write("promised"); });
      return end;
    });
    io.async_function("words", words);
    io.function("spoken", [this](Caller& caller) {
      auto writer = std::make_shared<StreamWriter<std::string>>();
      auto end = writer->readable();
      // Not before the guest reads.
      boost::asio::post(caller.loop(), [this, writer, &loop = caller.loop()]() mutable {
        boost::asio::co_spawn(loop, speak(std::move(writer)), boost::asio::detached);
      });
      return end;
    });
    linked = host.link(host.load(testing::read_file(WISP_WAT_DIR "/channels.wasm")));
  }

  std::uint32_t call(std::string_view name, const std::vector<Value>& arguments = {}) {
    auto result = testing::must(host.invoke(linked, name, arguments));
    return std::get<std::uint32_t>(result->data);
  }

  /// Ends a tree in the middle of a call.
  void end_in_flight(const char* name) {
    std::unique_ptr<Tree> tree;
    host.run(
        [&](GuestRun& run) { tree = testing::must(Tree::instantiate(linked, run, host.limits, nullptr)); });
    Nobody nobody;
    const TaskRef task = testing::must(tree->start(*find_export(*linked, name), nobody));
    EXPECT_EQ(tree->tasks(), 1U) << name;
    tree = nullptr;
    EXPECT_EQ(nobody.failures, 1) << name;
    host.shard.loop().restart();
    host.shard.loop().run();
  }

  testing::Host host;
  std::shared_ptr<const Linked> linked;
  int spoken = 0;
};

TEST_F(Channels, AnAsyncHostFunctionMayAnswerAtOnce) {
  EXPECT_EQ(call("call-echo", testing::values(std::uint32_t{7})), 7U);
}

TEST_F(Channels, AnAsyncHostFunctionMayAnswerLater) {
  EXPECT_EQ(call("call-later", testing::values(std::uint32_t{5})), 5U);
}

TEST_F(Channels, CallsOfHostFunctionsGoOnSideBySide) { EXPECT_EQ(call("two-at-once"), 30U); }

TEST_F(Channels, ACallOfAHostFunctionIsCancelled) {
  EXPECT_EQ(call("cancel-later"), static_cast<std::uint32_t>(Subtask::State::cancelled_before_returned));
}

TEST_F(Channels, CallsInFlightAreBounded) {
  host.limits.tasks = 1;
  const auto outcome = host.invoke(linked, "two-at-once", {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Errc::trap_limit) << outcome.error().message();
}

TEST_F(Channels, TheHostWritesAStream) { EXPECT_EQ(call("sum-numbers"), 4950U); }

TEST_F(Channels, TheHostReadsAStream) { EXPECT_EQ(call("write-numbers"), 300U); }

TEST_F(Channels, TheHostResolvesAFutureThatNeedsGuestMemory) { EXPECT_EQ(call("word-length"), 8U); }

TEST_F(Channels, TheHostReadsAStreamOfStrings) { EXPECT_EQ(call("write-words"), 8U); }

TEST_F(Channels, TheHostWritesAStreamOfStrings) {
  EXPECT_EQ(call("hear-words"), 17U);
  EXPECT_EQ(spoken, 1);
}

/// The tree ends between the host's write and the moment in which the guest's memory could have taken it.
TEST_F(Channels, AWriteThatWaitsForItsTurnEndsWithTheTree) {
  for (int turns = 0; turns < 8; ++turns) {
    spoken = 0;
    std::unique_ptr<Tree> tree;
    host.run(
        [&](GuestRun& run) { tree = testing::must(Tree::instantiate(linked, run, host.limits, nullptr)); });
    Nobody nobody;
    const TaskRef task = testing::must(tree->start(*find_export(*linked, "hear-words"), nobody));
    host.shard.loop().restart();
    for (int turn = 0; turn < turns; ++turn) host.shard.loop().poll_one();
    tree = nullptr;
    host.shard.loop().restart();
    host.shard.loop().run();
    EXPECT_EQ(spoken, 1) << turns;
  }
}

/// Trees that end with calls, streams and stacks in flight leave nothing behind (AddressSanitizer looks).
TEST_F(Channels, ATreeEndsWithWorkInFlight) {
  for (const char* name : {"stuck", "two-at-once", "sum-numbers", "write-numbers", "word-length"})
    end_in_flight(name);
}

class AnnouncedResults : public Channels {
 protected:
  AnnouncedResults() : Channels(announced) {}
};

TEST_F(AnnouncedResults, ComeAtOnceOrLater) {
  for (const std::uint32_t ms : {0U, 5U}) EXPECT_EQ(call("call-later", testing::values(ms)), ms);
  EXPECT_EQ(call("two-at-once"), 30U);
}

TEST_F(AnnouncedResults, AreGivenUp) {
  EXPECT_EQ(call("cancel-later"), static_cast<std::uint32_t>(Subtask::State::cancelled_before_returned));
  for (const char* name : {"stuck", "two-at-once"}) end_in_flight(name);
}

TEST_F(AnnouncedResults, AreBounded) {
  host.limits.tasks = 1;
  const auto outcome = host.invoke(linked, "two-at-once", {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Errc::trap_limit) << outcome.error().message();
}

}  // namespace
}  // namespace wisp::component
