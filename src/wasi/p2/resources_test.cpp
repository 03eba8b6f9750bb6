#include "wasi/p2/resources.hpp"

#include "component/link/testing.hpp"

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

namespace wisp::wasi::p2 {
namespace {

using component::GuestRun;

/// A write is under way until somebody says otherwise.
struct Slow final : ByteSink {
  [[nodiscard]] StreamResult<std::size_t> capacity() override { return 0; }
  [[nodiscard]] StreamResult<> write(ByteView) override { return {}; }
  [[nodiscard]] StreamResult<> flush() override { return {}; }
  [[nodiscard]] bool ready() override { return !busy; }
  [[nodiscard]] Signal& changed() noexcept override { return signal; }
  [[nodiscard]] bool writing() const noexcept override {
    ++looks;
    return busy;
  }
  void end() {
    busy = false;
    signal.fire();
  }
  mutable int looks = 0;
  bool busy = true;
  Signal signal;
};

class OutputStreams : public ::testing::Test {
 protected:
  void drop() {
    ASSERT_TRUE(run.start([this] {
      EXPECT_TRUE(stream.dropped(run));
      over = true;
    }));
  }
  /// Whatever there is to do at once.
  std::size_t turn() {
    host.shard.loop().restart();
    return host.shard.loop().poll();
  }
  component::testing::Host host;
  GuestRun run{host.shard};
  std::shared_ptr<Slow> sink = std::make_shared<Slow>();
  OutputStream stream{sink};
  bool over = false;
};

TEST_F(OutputStreams, ADropSleepsUntilTheWriteIsOver) {
  drop();
  EXPECT_LE(turn(), 2U);
  EXPECT_EQ(turn(), 0U) << "nothing is left to do";
  EXPECT_FALSE(over);
  sink->signal.fire();
  turn();
  EXPECT_FALSE(over) << "it changed, and is not over";
  EXPECT_LE(sink->looks, 4);
  sink->end();
  turn();
  EXPECT_TRUE(over);
  EXPECT_TRUE(run.done());
}

TEST_F(OutputStreams, ADropThatIsCancelledEnds) {
  drop();
  turn();
  EXPECT_FALSE(over);
  run.cancel(Error(Errc::cancelled, "enough"));
  turn();
  EXPECT_TRUE(over);
  EXPECT_TRUE(sink->busy);
}

TEST_F(OutputStreams, ADropHasNothingToWaitForWithoutAWrite) {
  sink->busy = false;
  drop();
  EXPECT_TRUE(over) << "at once";
}

}  // namespace
}  // namespace wisp::wasi::p2
