#pragma once

#include "component/instance/tree.hpp"
#include "component/link/channels.hpp"
#include "wasi/bridge/outcome.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/p3/stream_taker.hpp"
#include "wasi/system/quota.hpp"

#include <memory>

namespace wisp::wasi::bridge {

/// The stream and outcome that a provider of 0.3 gave, as a source of 0.2: at its end the outcome is waited
/// for, and an error of it is the failure. Nothing is read ahead, but where the stream comes from the host
/// itself: up to kMaxRead then.
///
/// Shared by the handles made of it; lives on the shard. Keeps `from`, in whose memory a write may wait.
class StreamSource final : public ByteSource,
                           private Waiter,
                           public std::enable_shared_from_this<StreamSource> {
 public:
  using Stream = component::Stream<std::uint8_t>;

  /// `from` may be null.
  [[nodiscard]] static std::shared_ptr<StreamSource> make(boost::asio::io_context& loop, Stream stream,
                                                          std::unique_ptr<Outcome> outcome,
                                                          std::shared_ptr<component::Tree> from);
  template <class E>
  [[nodiscard]] static std::shared_ptr<StreamSource> make(boost::asio::io_context& loop, Stream stream,
                                                          component::Future<std::expected<void, E>> outcome,
                                                          std::shared_ptr<component::Tree> from) {
    return make(loop, std::move(stream), std::make_unique<FutureOutcome<E>>(std::move(outcome)),
                std::move(from));
  }
  /// Use make().
  StreamSource(Stream stream, std::unique_ptr<Outcome> outcome, std::shared_ptr<component::Tree> from);
  ~StreamSource() override;

  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// Holds `slot`, which others may share, for as long as there is a buffer.
  void count_as(std::shared_ptr<Quota::Slot> slot) noexcept { slot_ = std::move(slot); }

  /// Ends the stream, which its writer is told by its drop.
  void shut_down();

 private:
  void wake() noexcept override { changed_.fire(); }
  /// Whether there are bytes in taker_.
  [[nodiscard]] bool look();
  void settle();

  std::shared_ptr<Quota::Slot> slot_;  // null: not counted
  p3::StreamTaker taker_;
  std::unique_ptr<Outcome> outcome_;
  std::shared_ptr<component::Tree> from_;
  EndState end_;
  Bytes piece_;
  SignalLink offering_, dropping_;
  Signal changed_;
};

/// Lets go of a tree that calls may still go on in: for a while longer where nobody else keeps it.
void let_go(std::shared_ptr<component::Tree> tree);

}  // namespace wisp::wasi::bridge
