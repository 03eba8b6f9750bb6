#include "wasi/bridge/asked_stream.hpp"

#include <algorithm>
#include <utility>

namespace wisp::wasi::bridge {

namespace {

// What they ask lives as long as the question, not as who asks.
boost::asio::awaitable<StreamResult<Bytes>> pull(std::shared_ptr<Puller> from, std::size_t most) {
  co_return co_await from->pull(most);
}
boost::asio::awaitable<StreamResult<>> push(std::shared_ptr<Pusher> to, Bytes bytes) {
  co_return co_await to->push(std::move(bytes));
}
template <class Peer>
boost::asio::awaitable<StreamResult<>> open_peer(std::shared_ptr<Peer> peer) {
  co_return co_await peer->open();
}

void end_with(EndState& state, StreamEnd end) {
  end.failure == nullptr ? state.end() : state.fail(std::move(*end.failure));
}

}  // namespace

void AskedSource::open(std::move_only_function<void(const StreamEnd&)> refused) {
  errand_.start(loop_, open_peer(puller_),
                [this, refused = std::move(refused)](StreamResult<> opened) mutable {
                  if (!opened) {
                    refused(opened.error());
                    end_with(end_, std::move(opened).error());
                    puller_.reset();
                  }
                  changed_.fire();
                });
}

void AskedSource::ask() {
  if (position_ == piece_.size() && end_.open() && !errand_.running())
    errand_.start(loop_, pull(puller_, kMaxRead), [this](StreamResult<Bytes> got) { take(std::move(got)); });
}

bool AskedSource::ready() {
  ask();
  return position_ < piece_.size() || !end_.open();
}

void AskedSource::take(StreamResult<Bytes> got) {
  if (!got) {
    end_with(end_, std::move(got).error());
    puller_.reset();
  } else {
    piece_ = std::move(*got);
    position_ = 0;
  }
  changed_.fire();
}

StreamResult<ByteView> AskedSource::read(std::size_t max) {
  // A guest may poll by reading alone.
  if (max > 0) ask();
  if (position_ < piece_.size()) {
    const auto count = std::min({max, kMaxRead, piece_.size() - position_});
    const auto view = ByteView(piece_).subspan(position_, count);
    position_ += count;
    return view;
  }
  if (!end_.open()) return end_.take();
  return ByteView();
}

StreamResult<std::size_t> AskedSink::capacity() {
  if (!end_.open()) return end_.take();
  return errand_.running() ? 0 : kMaxRead;
}

void AskedSink::open() {
  errand_.start(loop_, open_peer(pusher_), [this](StreamResult<> opened) { done(std::move(opened)); });
}

StreamResult<> AskedSink::write(ByteView bytes) {
  if (!end_.open()) return end_.take();
  // Several writes may share what was permitted for one.
  constexpr std::size_t kMost = 16 * kMaxRead;
  if (bytes.size() > kMost - std::min(kMost, next_.size())) return ended();
  next_.insert(next_.end(), bytes.begin(), bytes.end());
  if (!errand_.running()) done({});
  return {};
}

StreamResult<> AskedSink::flush() {
  if (!end_.open()) return end_.take();
  return {};
}

/// What was under way is over, if anything was.
void AskedSink::done(StreamResult<> outcome) {
  if (!outcome) {
    end_with(end_, std::move(outcome).error());
    pusher_.reset();
  } else if (!next_.empty()) {
    errand_.start(loop_, push(pusher_, std::exchange(next_, {})),
                  [this](StreamResult<> pushed) { done(std::move(pushed)); });
  }
  changed_.fire();
}

}  // namespace wisp::wasi::bridge
