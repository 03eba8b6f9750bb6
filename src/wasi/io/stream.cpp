#include "wasi/io/stream.hpp"

namespace wisp::wasi {

void EndState::fail(Failure failure) {
  if (!open_) return;
  open_ = false;
  failure_ = std::make_unique<Failure>(std::move(failure));
}

std::unexpected<StreamEnd> EndState::take() { return std::unexpected(StreamEnd{std::move(failure_)}); }

}  // namespace wisp::wasi
