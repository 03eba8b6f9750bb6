#include "component/binary/reader.hpp"

#include "component/binary/utf8.hpp"

#include <bit>

namespace wisp::component::decoding {
namespace {

/// Unsigned LEB128 of at most `bits` bits.
Result<std::uint64_t> unsigned_leb(Reader& in, unsigned bits) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint64_t byte = TRY(in.byte());
    const unsigned left = bits - shift;
    if (left < 7 && (byte & 0x7f) >> left != 0) return in.malformed("integer too large");
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
    if (left <= 7) return in.malformed("integer representation too long");
  }
}

}  // namespace

Result<std::uint32_t> Reader::u32() { return static_cast<std::uint32_t>(TRY(unsigned_leb(*this, 32))); }

Result<std::uint64_t> Reader::u64() { return unsigned_leb(*this, 64); }

Result<std::int64_t> Reader::s33() {
  constexpr unsigned kBits = 33;
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint64_t byte = TRY(this->byte());
    const unsigned left = kBits - shift;
    value |= (byte & 0x7f) << shift;
    if (left <= 7) {
      if ((byte & 0x80) != 0) return malformed("integer representation too long");
      const std::uint64_t rest = (byte & 0x7f) >> (left - 1);  // the sign and what must repeat it
      if (rest != 0 && rest != 0x7fu >> (left - 1)) return malformed("integer too large");
    }
    if ((byte & 0x80) == 0) {
      const unsigned unused = 64 - std::min(shift + 7, kBits);
      return static_cast<std::int64_t>(value << unused) >> unused;
    }
  }
}

Result<std::uint32_t> Reader::count() {
  const auto count = TRY(u32());
  if (count > remaining())
    return malformed("a count of {} is more than the {} bytes left", count, remaining());
  return count;
}

Result<bool> Reader::flag(std::string_view what) {
  const auto byte = TRY(this->byte());
  if (byte > 1) return malformed("invalid leading byte {:#04x} for {}", byte, what);
  return byte == 1;
}

Result<std::string_view> Reader::name() {
  const auto size = TRY(u32());
  if (size > session_->limits.max_name_bytes) return too_large("a name", session_->limits.max_name_bytes);
  const auto text = TRY(bytes(size));
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  if (!valid_utf8(view)) return malformed("malformed UTF-8 encoding");
  return view;
}

Result<std::span<const std::byte>> Reader::bytes(std::uint64_t size) {
  if (size > remaining()) return malformed("unexpected end: {} bytes wanted, {} left", size, remaining());
  const auto part = range_.subspan(at_, static_cast<std::size_t>(size));
  at_ += part.size();
  return part;
}

Result<Reader> Reader::sub(std::uint64_t size) { return Reader(*session_, TRY(bytes(size))); }

Result<> Reader::add_definitions(std::uint64_t count) {
  session_->definitions += count;  // counts are 32 bits wide and bounded by bytes: no overflow
  if (session_->definitions > session_->limits.max_definitions)
    return too_large("the number of definitions", session_->limits.max_definitions);
  return {};
}

Unexpected Reader::too_large(std::string_view what, std::uint64_t limit) const {
  return fail(Errc::component_too_large, "{} exceeds the limit of {} at offset {:#x}", what, limit, offset());
}

Unexpected Reader::ended() const { return malformed("unexpected end"); }

}  // namespace wisp::component::decoding
