#pragma once

#include "wasi/bridge/errand.hpp"
#include "wasi/io/stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>

/// Byte streams of the core behind which somebody has to be asked for each piece: calls of a provider.
namespace wisp::wasi::bridge {

/// Who is asked for bytes. One question at a time, by coroutines that keep it.
class Puller {
 public:
  virtual ~Puller() = default;
  /// Before the first pull().
  [[nodiscard]] virtual boost::asio::awaitable<StreamResult<>> open() { co_return StreamResult<>{}; }
  /// At least one byte and at most `most`, or how it ended.
  [[nodiscard]] virtual boost::asio::awaitable<StreamResult<Bytes>> pull(std::size_t most) = 0;
};

/// Who takes bytes; as above.
class Pusher {
 public:
  virtual ~Pusher() = default;
  /// Before the first push().
  [[nodiscard]] virtual boost::asio::awaitable<StreamResult<>> open() { co_return StreamResult<>{}; }
  /// Until all of `bytes` are where they belong.
  [[nodiscard]] virtual boost::asio::awaitable<StreamResult<>> push(Bytes bytes) = 0;
};

/// Asks for bytes when somebody waits for them, or reads in vain, for what one read takes at most.
class AskedSource final : public ByteSource {
 public:
  AskedSource(boost::asio::io_context& loop, std::shared_ptr<Puller> puller)
      : loop_(loop), puller_(std::move(puller)) {}

  /// Opens it, where that has to be done; before anything else. `refused` is told if it fails, which readers
  /// learn later.
  void open(std::move_only_function<void(const StreamEnd&)> refused);

  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

 private:
  void ask();
  void take(StreamResult<Bytes> got);

  boost::asio::io_context& loop_;
  std::shared_ptr<Puller> puller_;
  Bytes piece_;
  std::size_t position_ = 0;  // in piece_
  EndState end_;
  Signal changed_;
  Errand errand_;
};

/// Passes each piece on before it takes another one: kMaxRead bytes at most are on their way.
class AskedSink final : public ByteSink {
 public:
  AskedSink(boost::asio::io_context& loop, std::shared_ptr<Pusher> pusher)
      : loop_(loop), pusher_(std::move(pusher)) {}

  /// Opens it, where that has to be done; before anything else.
  void open();

  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  /// Nothing is left behind that would have to be passed on.
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override { return !end_.open() || !errand_.running(); }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }
  [[nodiscard]] bool writing() const noexcept override { return errand_.running(); }

 private:
  void done(StreamResult<> outcome);

  boost::asio::io_context& loop_;
  std::shared_ptr<Pusher> pusher_;
  Bytes next_;
  EndState end_;
  Signal changed_;
  Errand errand_;
};

}  // namespace wisp::wasi::bridge
