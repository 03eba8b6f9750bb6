#pragma once

#include "component/instance/tree.hpp"
#include "wasi/bridge/outcome.hpp"
#include "wasi/io/stream.hpp"

#include <memory>

namespace wisp::wasi::bridge {

/// Writes a stream that a provider of 0.3 reads, as a sink of 0.2 does: kMaxRead bytes at most wait for the
/// provider, and a flush is done when it has read them all. When the provider reads no more the outcome is
/// waited for: `pipe` and success are the ordinary end, the other errors a failure.
///
/// Shared by the handles made of it; lives on the shard. What was written and not read yet stays on its way
/// when the sink goes, for as long as there is somebody who could read it.
class StreamSink final : public ByteSink {
 public:
  /// `slot`: held until everything was read, or can be no more. Others may share it.
  StreamSink(boost::asio::io_context& loop, std::shared_ptr<Quota::Slot> slot);
  StreamSink(boost::asio::io_context& loop, Quota::Slot slot)
      : StreamSink(loop, std::make_shared<Quota::Slot>(std::move(slot))) {}
  ~StreamSink() override;

  /// The end that the provider reads; once.
  [[nodiscard]] component::Stream<std::uint8_t> readable();
  /// What the provider answered to it, and where it runs (null: nowhere). Before the first write.
  void begin(std::unique_ptr<Outcome> outcome, std::shared_ptr<component::Tree> to);
  template <class E>
  void begin(component::Future<std::expected<void, E>> outcome, std::shared_ptr<component::Tree> to) {
    begin(std::make_unique<FutureOutcome<E>>(std::move(outcome)), std::move(to));
  }

  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override;

  /// Ends the stream; the provider sees its end after what was written.
  void shut_down();

 private:
  class Pipe;
  std::shared_ptr<Pipe> pipe_;
  bool shut_ = false;
};

}  // namespace wisp::wasi::bridge
