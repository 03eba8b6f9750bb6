#include "component/async/channel.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wisp::component {

void Channel::clear_pending() noexcept {
  sink_ = nullptr;
  source_ = nullptr;
  party_ = nullptr;
}

void Channel::end_pending(CopyResult result) noexcept {
  CopyParty* const party = party_;
  clear_pending();
  party->on_copy_done(result);
}

Result<> Channel::offer(Sink* sink, Source* source, CopyParty& party) noexcept {
  sink_ = sink;
  source_ = source;
  party_ = &party;
  // Who answers at once is done before this returns.
  offering_.fire();
  return {};
}

Result<> Channel::copy(Source& source, Sink& sink, std::uint32_t count) {
  if (source.instance() != nullptr && source.instance() == sink.instance() &&
      source.plain_size() == Buffer::kNotPlain) [[unlikely]]
    return fail(Errc::trap_abi,
                "cannot read from and write to intra-component future with non-numeric payload");
  if (source.plain_size() == Buffer::kNotPlain) {
    TRY(sink.take(source, count));
  } else if (source.plain_size() != 0) {
    const std::byte* const from = TRY(source.plain(count));
    std::byte* const to = TRY(sink.plain(count));
    // Both may lie in one memory.
    std::memmove(to, from, std::size_t{count} * source.plain_size());
  }
  source.advance(count);
  sink.advance(count);
  return {};
}

Result<> Channel::read(Sink& sink, CopyParty& party) {
  if (dropped_) {
    party.on_copy_done(CopyResult::dropped);
    return {};
  }
  if (source_ == nullptr) {
    if (sink_ != nullptr) [[unlikely]]
      return fail(Errc::internal, "two reads of one stream");
    return offer(&sink, nullptr, party);
  }
  if (kind_ == Kind::future) {
    TRY(copy(*source_, sink, 1));
    end_pending(CopyResult::completed);
    party.on_copy_done(CopyResult::completed);
    return {};
  }
  if (source_->remain() > 0) {
    if (sink.remain() > 0) {
      TRY(copy(*source_, sink, std::min(sink.remain(), source_->remain())));
      party_->on_copy();
    }
    party.on_copy_done(CopyResult::completed);
    return {};
  }
  end_pending(CopyResult::completed);
  return offer(&sink, nullptr, party);
}

Result<> Channel::write(Source& source, CopyParty& party) {
  if (dropped_) {
    party.on_copy_done(CopyResult::dropped);
    return {};
  }
  if (sink_ == nullptr) {
    if (source_ != nullptr) [[unlikely]]
      return fail(Errc::internal, "two writes of one stream");
    return offer(nullptr, &source, party);
  }
  if (kind_ == Kind::future) {
    TRY(copy(source, *sink_, 1));
    end_pending(CopyResult::completed);
    party.on_copy_done(CopyResult::completed);
    return {};
  }
  if (sink_->remain() > 0) {
    if (source.remain() > 0) {
      TRY(copy(source, *sink_, std::min(source.remain(), sink_->remain())));
      party_->on_copy();
    }
    party.on_copy_done(CopyResult::completed);
    return {};
  }
  if (source.length() == 0 && sink_->length() == 0) {
    party.on_copy_done(CopyResult::completed);
    return {};
  }
  end_pending(CopyResult::completed);
  return offer(nullptr, &source, party);
}

void Channel::cancel() noexcept { end_pending(CopyResult::cancelled); }

void Channel::reclaim(const CopyParty& party) noexcept {
  if (party_ == &party) clear_pending();
}

void Channel::drop() noexcept {
  if (std::exchange(dropped_, true)) return;
  // Whoever is told may let go of the channel.
  const ChannelRef self(this);
  if (party_ != nullptr) end_pending(CopyResult::dropped);
  dropping_.fire();
}

void Channel::copied(std::uint32_t count) noexcept {
  Buffer& buffer = sink_ != nullptr ? static_cast<Buffer&>(*sink_) : *source_;
  buffer.advance(count);
  if (buffer.remain() == 0) {
    end_pending(CopyResult::completed);
  } else {
    party_->on_copy();
  }
}

}  // namespace wisp::component
