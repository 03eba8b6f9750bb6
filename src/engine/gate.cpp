#include "engine/engine.hpp"
#include "engine/preview1.hpp"

#include <array>

namespace wisp::engine {
namespace {

const std::uint8_t* bytes(std::span<const std::byte> data) {
  return reinterpret_cast<const std::uint8_t*>(data.data());
}

std::string take_text(wisp_bytes_t& text) {
  std::string out(reinterpret_cast<const char*>(text.data), text.size);
  wisp_bytes_delete(&text);
  return out;
}

/// The validator has one kind of error; its wording tells bytes that do not parse from those that do not
/// type-check.
bool is_malformed(std::string_view message) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "unexpected end", "magic",           "unknown binary version",
      "malformed",      "invalid leading", "integer representation",
      "section size",   "out of order"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return message.contains(word); });
}

}  // namespace

Result<> validate(std::span<const std::byte> binary, Features features) {
  wisp_bytes_t text{};
  std::uint64_t offset = 0;
  if (wisp_validate(bytes(binary), binary.size(), features, &text, &offset)) return {};
  const std::string message = take_text(text);
  return std::unexpected(Error(is_malformed(message) ? Errc::malformed : Errc::invalid, message)
                             .with("at byte", fmt::format("{:#x}", offset)));
}

Result<std::vector<std::byte>> adapt(std::span<const std::byte> module) {
  wisp_bytes_t out{};
  const auto kept = keep_exit_status(module);
  // A module with a world of its own that does not go together with the one added is adapted as it is.
  if (!kept || !wisp_adapt(bytes(*kept), kept->size(), &out)) {
    if (kept) wisp_bytes_delete(&out);
    out = {};
    if (!wisp_adapt(bytes(module), module.size(), &out)) {
      const std::string message = take_text(out);
      TRY(validate(module, 0));
      return fail(Errc::compile_failed, "the module cannot be adapted: {}", message);
    }
  }
  const auto* first = reinterpret_cast<const std::byte*>(out.data);
  std::vector<std::byte> component(first, first + out.size);
  wisp_bytes_delete(&out);
  return component;
}

}  // namespace wisp::engine
