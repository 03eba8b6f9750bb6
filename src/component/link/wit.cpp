#include "component/link/wit.hpp"

#include "component/abi/strings.hpp"
#include "component/abi/text.hpp"

#include <fmt/ranges.h>

namespace wisp::component {

Result<std::uint32_t> LowerContext::allocate(std::uint64_t bytes, std::uint32_t align) {
  if (bytes > 0xFFFFFFFFU)
    return fail(Errc::trap_abi, "a list of {} bytes does not fit a 32-bit memory", bytes);
  const auto address = TRY(side.realloc(0, 0, align, bytes));
  memory = side.memory();
  TRY(memory.range(address, bytes, align));
  return static_cast<std::uint32_t>(address);
}

Result<std::byte*> LowerContext::at(std::uint64_t address, std::uint32_t size) {
  return TRY(memory.range(address, size))
  .data();
}

namespace host_abi {

bool labels_match(const Type* type, std::span<const std::string_view> labels) {
  return std::ranges::equal(type->members, labels, {},
                            [](const Member& member) -> std::string_view { return member.name; });
}

std::string braces(std::string_view head, std::span<const std::string> parts) {
  return fmt::format("{} {{ {} }}", head, fmt::join(parts, ", "));
}

Unexpected bad_discriminant(std::uint32_t value) {
  return fail(Errc::trap_abi, "invalid variant discriminant {}", value);
}

Unexpected bad_char(std::uint32_t value) { return fail(Errc::trap_abi, "invalid char {:#x}", value); }

Result<ByteView> lift_bytes(LiftContext& in, std::uint64_t address, std::uint64_t length) {
  return ByteView(TRY(in.memory.range(address, length)));
}

Result<std::string_view> lift_view(LiftContext& in, std::uint64_t address, std::uint64_t units) {
  if (in.side.encoding() != ast::StringEncoding::utf8) {
    in.scratch.push_front(TRY(lift_string(in.side, {address, units})));
    return std::string_view(in.scratch.front());
  }
  if (units > kMaxStringBytes) return fail(Errc::trap_abi, "string of {} bytes is too long", units);
  const auto bytes = TRY(in.memory.range(address, units));
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text::is_valid({.bytes = bytes, .encoding = text::Encoding::utf8}))
    return fail(Errc::trap_abi, "invalid utf-8 encoding in a string");
  return view;
}

Result<std::pair<std::uint32_t, std::uint32_t>> lower_text(LowerContext& out, std::string_view text) {
  const auto ref = TRY(lower_string(out.side, text));
  out.memory = out.side.memory();
  return std::pair(static_cast<std::uint32_t>(ref.address), static_cast<std::uint32_t>(ref.units));
}

Result<std::pair<std::uint32_t, std::uint32_t>> lower_bytes(LowerContext& out, ByteView bytes) {
  const auto address = TRY(out.allocate(bytes.size(), 1));
  if (!bytes.empty())
    std::memcpy(TRY(out.at(address, static_cast<std::uint32_t>(bytes.size()))), bytes.data(), bytes.size());
  return std::pair(address, static_cast<std::uint32_t>(bytes.size()));
}

}  // namespace host_abi
}  // namespace wisp::component
