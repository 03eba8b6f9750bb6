#include "wasi/io/memory_stream.hpp"

#include <algorithm>

namespace wisp::wasi {

StreamResult<ByteView> MemorySource::read(std::size_t max) {
  const std::size_t left = bytes_.size() - position_;
  if (left == 0) return ended();
  const auto piece = ByteView(bytes_).subspan(position_, std::min({left, max, kMaxRead}));
  position_ += piece.size();
  return piece;
}

StreamResult<> CallbackSink::write(ByteView bytes) {
  if (receive_ && !bytes.empty()) receive_(bytes);
  return {};
}

}  // namespace wisp::wasi
