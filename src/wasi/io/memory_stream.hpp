#pragma once

#include "wasi/io/stream.hpp"

#include <functional>

namespace wisp::wasi {

/// The bytes given at the start, then the end. Without bytes: a stream that is at its end (stdin of a
/// server).
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes = {}) : bytes_(std::move(bytes)) {}
  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] bool ready() override { return true; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

 private:
  Bytes bytes_;
  std::size_t position_ = 0;
  Signal changed_;
};

/// Hands every write to a function, at once (captured stdout, logs); always open.
class CallbackSink final : public ByteSink {
 public:
  explicit CallbackSink(std::function<void(ByteView)> receive) : receive_(std::move(receive)) {}
  [[nodiscard]] StreamResult<std::size_t> capacity() override { return kMaxRead; }
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  [[nodiscard]] StreamResult<> flush() override { return {}; }
  [[nodiscard]] bool ready() override { return true; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

 private:
  std::function<void(ByteView)> receive_;
  Signal changed_;
};

}  // namespace wisp::wasi
