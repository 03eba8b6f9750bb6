#include "wasi/io/stream.hpp"

#include <algorithm>

namespace wisp::wasi {

void EndState::fail(Failure failure) {
  if (!open_) return;
  open_ = false;
  failure_ = std::make_unique<Failure>(std::move(failure));
}

std::unexpected<StreamEnd> EndState::take() { return std::unexpected(StreamEnd{std::move(failure_)}); }

StreamResult<std::size_t> ByteSource::read_into(std::span<std::byte> into) {
  auto piece = read(into.size());
  if (!piece) return std::unexpected(std::move(piece).error());
  std::ranges::copy(*piece, into.begin());
  return piece->size();
}

}  // namespace wisp::wasi
