#include "wasi/bridge/stream_source.hpp"

#include "component/link/late_drops.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace wisp::wasi::bridge {

using p3::StreamTaker;

StreamSource::StreamSource(Stream stream, std::unique_ptr<Outcome> outcome,
                           std::shared_ptr<component::Tree> from)
    : taker_(std::move(stream)), outcome_(std::move(outcome)), from_(std::move(from)) {}

std::shared_ptr<StreamSource> StreamSource::make(boost::asio::io_context& loop, Stream stream,
                                                 std::unique_ptr<Outcome> outcome,
                                                 std::shared_ptr<component::Tree> from) {
  const auto made = std::make_shared<StreamSource>(std::move(stream), std::move(outcome), std::move(from));
  // Told within what the provider does: whoever waits looks when that is over.
  const auto later = [&loop, weak = made->weak_from_this()] {
    boost::asio::post(loop, [weak] {
      if (const auto self = weak.lock()) self->wake();
    });
  };
  made->taker_.on_progress(later);
  made->outcome_->start(later);
  return made;
}

StreamSource::~StreamSource() {
  offering_.unlink();
  dropping_.unlink();
  taker_.close();
  outcome_->close();
  let_go(std::move(from_));
}

bool StreamSource::look() {
  while (end_.open()) {
    switch (taker_.look()) {
      case StreamTaker::Has::bytes:
        return true;
      case StreamTaker::Has::question:
        taker_.answer();
        break;
      case StreamTaker::Has::nothing:
        if (!offering_.linked()) offering_.link(taker_.offering(), *this);
        if (!dropping_.linked()) dropping_.link(taker_.dropping(), *this);
        return false;
      case StreamTaker::Has::end:
        settle();
        return false;
    }
  }
  return false;
}

/// The stream has ended: how, the outcome says.
void StreamSource::settle() {
  if (outcome_->pending()) return;
  const auto said = outcome_->finish();
  if (said && *said) return end_.end();
  end_.fail({.text = said ? fmt::format("the component that is read from failed: {}", said->error().text)
                          : "the component that is read from has ended",
             .detail = said ? said->error().detail : outcome_->gone()});
}

void StreamSource::shut_down() {
  if (!end_.open()) return;
  end_.end();
  offering_.unlink();
  dropping_.unlink();
  taker_.close();
  outcome_->close();
  changed_.fire();
}

bool StreamSource::ready() { return look() || !end_.open(); }

StreamResult<ByteView> StreamSource::read(std::size_t max) {
  const bool some = look();
  if (!end_.open()) return end_.take();
  if (!some || max == 0) return ByteView();
  const auto there = taker_.bytes();
  const auto count = std::min({there.size(), max, kMaxRead});
  piece_.assign(there.begin(), there.begin() + static_cast<std::ptrdiff_t>(count));
  // Memory that has shrunk beneath a write cannot be: there is nobody to tell.
  if (count == 0) {
    end_.end();
    return end_.take();
  }
  taker_.took(count);
  return ByteView(piece_);
}

void let_go(std::shared_ptr<component::Tree> tree) {
  // Whoever else has it, such as a caller that goes on, keeps it without a limit.
  if (tree == nullptr || tree.use_count() > 1) return;
  if (!tree->busy() && (tree->tasks() == 0 || tree->poisoned())) return;
  auto& shard = tree->shard();
  component::linger(shard, std::move(tree), nullptr);
}

}  // namespace wisp::wasi::bridge
