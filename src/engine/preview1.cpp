#include "engine/preview1.hpp"

#include <cstdint>
#include <string_view>

namespace wisp::engine {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kPreamble = 8;
constexpr std::uint8_t kImportSection = 2;
constexpr std::uint8_t kFunction = 0;

/// What `guest-tool embed` makes of
///   package wisp:adapter; world w { import wasi:cli/exit@0.2.12; }
/// with `exit` and `exit-with-code` in the interface: a custom section, its size left out.
constexpr std::string_view kWorld =
    "\x0e"
    "component-type"
    "\0asm\x0d\0\x01\0"
    "\0\x19\x16wit-component-encoding\x04\0"
    "\x07\x74\x01\x41\x02\x01\x41\x02\x01\x42\x05"
    "\x01\x6a\0\0\x01\x40\x01\x06status\0\x01\0\x04\0\x04"
    "exit\x01\x01"
    "\x01\x40\x01\x0bstatus-code\x7d\x01\0\x04\0\x0e"
    "exit-with-code\x01\x02"
    "\x03\0\x14wasi:cli/exit@0.2.12\x05\0\x04\0\x0ewisp:adapter/w\x04\0"
    "\x0b\x07\x01\0\x01w\x03\0\0"sv;

/// Reads a module; after something that is not there, everything is empty and `good` is false.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint8_t byte() {
    const auto taken = take(1);
    return taken.empty() ? 0 : std::to_integer<std::uint8_t>(taken.front());
  }
  std::uint32_t u32() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const auto next = byte();
      value |= std::uint64_t{next & 0x7fU} << shift;
      if ((next & 0x80U) == 0) return static_cast<std::uint32_t>(value);
    }
    good_ = false;
    return 0;
  }
  std::string_view name() {
    const auto taken = take(u32());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

 private:
  std::span<const std::byte> rest_;
  bool good_ = true;
};

using Bytes = std::vector<std::byte>;

void append(Bytes& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void append(Bytes& out, std::string_view text) { append(out, std::as_bytes(std::span(text))); }
void append_u32(Bytes& out, std::size_t value) {
  do {
    const auto low = static_cast<std::byte>(value & 0x7fU);
    value >>= 7U;
    out.push_back(value != 0 ? low | std::byte{0x80} : low);
  } while (value != 0);
}
void append_name(Bytes& out, std::string_view name) {
  append_u32(out, name.size());
  append(out, name);
}

/// The import section's content with proc_exit renamed.
std::optional<Bytes> rename(std::span<const std::byte> section) {
  Cursor in(section);
  Bytes out;
  bool renamed = false;
  const auto count = in.u32();
  append_u32(out, count);
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    const auto module = in.name();
    const auto name = in.name();
    const auto kind = in.byte();
    if (kind != kFunction) return std::nullopt;
    const bool exit = module == "wasi_snapshot_preview1" && name == "proc_exit";
    append_name(out, exit ? "wasi:cli/exit@0.2.12" : module);
    append_name(out, exit ? "exit-with-code" : name);
    out.push_back(std::byte{kFunction});
    append_u32(out, in.u32());
    renamed = renamed || exit;
  }
  return in.good() && in.empty() && renamed ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::optional<std::vector<std::byte>> keep_exit_status(std::span<const std::byte> module) {
  Cursor in(module);
  Bytes out;
  append(out, in.take(kPreamble));
  while (in.good() && !in.empty()) {
    const auto id = in.byte();
    const auto body = in.take(in.u32());
    if (!in.good()) break;
    out.push_back(std::byte{id});
    if (id != kImportSection) {
      append_u32(out, body.size());
      append(out, body);
      continue;
    }
    const auto renamed = rename(body);
    if (!renamed) break;
    append_u32(out, renamed->size());
    append(out, *renamed);
    append(out, in.rest());
    out.push_back(std::byte{0});
    append_u32(out, kWorld.size());
    append(out, kWorld);
    return out;
  }
  return std::nullopt;
}

}  // namespace wisp::engine
