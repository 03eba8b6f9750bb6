#pragma once

#include "base/result.hpp"
#include "component/binary/decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wisp::component::decoding {

/// What one decode() has used up of its limits.
struct Session {
  std::span<const std::byte> binary;
  DecodeLimits limits;
  std::uint32_t depth = 0;
  std::uint32_t components = 0;
  std::uint64_t definitions = 0;
};

/// A cursor over a byte range of the binary. Every read is checked against the end of the range; errors are
/// Errc::malformed with the offset in the whole binary. Copies are independent cursors of the same session.
class Reader {
 public:
  Reader(Session& session, std::span<const std::byte> range) : session_(&session), range_(range) {}

  [[nodiscard]] Session& session() const noexcept { return *session_; }
  [[nodiscard]] bool done() const noexcept { return at_ == range_.size(); }
  [[nodiscard]] std::size_t remaining() const noexcept { return range_.size() - at_; }
  /// Where the cursor stands in the whole binary.
  [[nodiscard]] std::size_t offset() const noexcept {
    return static_cast<std::size_t>(range_.data() - session_->binary.data()) + at_;
  }

  [[nodiscard]] Result<std::uint8_t> byte() {
    if (done()) [[unlikely]]
      return ended();
    return static_cast<std::uint8_t>(range_[at_++]);
  }
  /// The next byte, which stays.
  [[nodiscard]] Result<std::uint8_t> peek() const {
    if (done()) [[unlikely]]
      return ended();
    return static_cast<std::uint8_t>(range_[at_]);
  }

  // LEB128 of N bits: at most ceil(N/7) bytes, unused bits of the last one zero or sign (core specification,
  // "Integers").
  [[nodiscard]] Result<std::uint32_t> u32();
  [[nodiscard]] Result<std::uint64_t> u64();
  [[nodiscard]] Result<std::int64_t> s33();

  /// The length of a vector whose elements take at least one byte each: never more than remaining().
  [[nodiscard]] Result<std::uint32_t> count();
  /// The 0x00/0x01 of a flag.
  [[nodiscard]] Result<bool> flag(std::string_view what);
  /// Length-prefixed UTF-8.
  [[nodiscard]] Result<std::string_view> name();
  /// The next `size` bytes, which this cursor leaves behind.
  [[nodiscard]] Result<std::span<const std::byte>> bytes(std::uint64_t size);
  [[nodiscard]] Result<Reader> sub(std::uint64_t size);

  /// Counts towards the limit of definitions; Errc::component_too_large beyond it.
  [[nodiscard]] Result<> add_definitions(std::uint64_t count);

  /// "… at offset 0x1f".
  template <class... Args>
  [[nodiscard]] Unexpected malformed(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Errc::malformed, "{} at offset {:#x}", fmt::format(format, std::forward<Args>(args)...),
                offset());
  }
  [[nodiscard]] Unexpected too_large(std::string_view what, std::uint64_t limit) const;

 private:
  [[nodiscard]] Unexpected ended() const;

  Session* session_;
  std::span<const std::byte> range_;
  std::size_t at_ = 0;
};

/// Holds one level of nesting of components and types.
class Nesting {
 public:
  explicit Nesting(Session& session) : session_(session) { ++session_.depth; }
  ~Nesting() { --session_.depth; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

  [[nodiscard]] Result<> check(const Reader& in) const {
    if (session_.depth > session_.limits.max_depth) [[unlikely]]
      return in.too_large("nesting", session_.limits.max_depth);
    return {};
  }

 private:
  Session& session_;
};

/// vec(T): `read` reads one element. Memory grows with what was read, not with the count.
template <class T, class Read>
[[nodiscard]] Result<std::vector<T>> read_vec(Reader& in, Read read) {
  constexpr std::uint32_t kReserved = 64;
  const auto count = TRY(in.count());
  std::vector<T> items;
  items.reserve(std::min(count, kReserved));
  for (std::uint32_t index = 0; index < count; ++index) items.push_back(TRY(read(in)));
  return items;
}

/// <T>?: 0x00, or 0x01 and an element.
template <class T, class Read>
[[nodiscard]] Result<std::optional<T>> read_optional(Reader& in, Read read) {
  if (!TRY(in.flag("optional"))) return std::optional<T>();
  return std::optional<T>(TRY(read(in)));
}

}  // namespace wisp::component::decoding
