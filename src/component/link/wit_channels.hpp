#pragma once

#include "component/async/channel.hpp"
#include "component/instance/payload.hpp"
#include "component/link/wit.hpp"

/// Streams and futures as values: readable ends on their way between guests and host functions (what reads
/// and writes them: channels.hpp).
namespace wisp::component {

/// The payload T of a stream or future, as ends of guests know it. Unit: none.
template <class T>
inline constexpr HostPayload kHostPayload{
    [](const Type* type, const ResourceTags& tags) {
      if constexpr (std::is_same_v<T, Unit>) {
        return type == nullptr;
      } else {
        return type != nullptr && Wit<T>::matches(type, tags);
      }
    },
};

/// The readable end of a stream or future that nobody holds; drops it when it is destroyed. Moves.
template <class T, Channel::Kind K>
class ReadableEnd {
 public:
  ReadableEnd() = default;
  explicit ReadableEnd(ChannelRef channel) : channel_(std::move(channel)) {}
  ReadableEnd(ReadableEnd&& other) noexcept : channel_(std::move(other.channel_)) {}
  ReadableEnd& operator=(ReadableEnd&& other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~ReadableEnd() {
    if (channel_ != nullptr) channel_->drop();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return channel_ != nullptr; }
  [[nodiscard]] ChannelRef take() noexcept { return std::exchange(channel_, nullptr); }

 private:
  ChannelRef channel_;
};

/// stream<T> and future<T> in the signatures of host functions.
template <class T>
using Stream = ReadableEnd<T, Channel::Kind::stream>;
template <class T>
using Future = ReadableEnd<T, Channel::Kind::future>;

template <class T, Channel::Kind K>
struct Wit<ReadableEnd<T, K>> {
  using Stored = ReadableEnd<T, K>;
  static constexpr std::uint32_t kSize = 4, kAlign = 4;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};

  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == (K == Channel::Kind::stream ? Kind::stream : Kind::future) &&
           kHostPayload<T>.matches(type->element, tags);
  }
  static std::string describe() {
    return std::string(K == Channel::Kind::stream ? "stream<" : "future<") + Wit<T>::describe() + ">";
  }
  static Result<Stored> load(LiftContext& in, const std::byte* at) {
    return take(in, component::load<std::uint32_t>(at));
  }
  static Result<Stored> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return take(in, static_cast<std::uint32_t>(slots[0].i32));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, Stored value) {
    const auto handle = TRY(out.side.lower_host_channel(value.take(), kHostPayload<T>));
    component::store(TRY(out.at(address, 4)), handle);
    return {};
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, Stored value) {
    slots[0].i32 = static_cast<std::int32_t>(TRY(out.side.lower_host_channel(value.take(), kHostPayload<T>)));
    return {};
  }

 private:
  static Result<Stored> take(LiftContext& in, std::uint32_t handle) {
    return Stored(TRY(in.side.lift_host_channel(K, kHostPayload<T>, handle)));
  }
};

}  // namespace wisp::component
