#include "component/link/artifact.hpp"

#include "engine/checksum.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace wisp::component {
namespace {

constexpr std::string_view kMagic{"\0wispcw\2", 8};
constexpr std::size_t kVersionAt = 7;
constexpr std::size_t kCheckedAt = 24;  // magic, length, checksum
constexpr std::uint32_t kMaxModules = 100'000;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Writer {
 public:
  template <class Number>
  void number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  void bytes(std::span<const std::byte> data) { out_.insert(out_.end(), data.begin(), data.end()); }
  void block(std::span<const std::byte> data) {
    number(std::uint64_t{data.size()});
    bytes(data);
  }
  void patch(std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out_[at + i] = static_cast<std::byte>(value >> (8 * i));
  }
  [[nodiscard]] std::span<const std::byte> from(std::size_t at) const { return std::span(out_).subspan(at); }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(out_); }
  [[nodiscard]] std::size_t size() const { return out_.size(); }

 private:
  std::vector<std::byte> out_;
};

Unexpected damaged() {
  return std::unexpected(
      Error(Errc::malformed, "the artifact is cut off or damaged").with("try", "compile it again"));
}

class BlockReader {
 public:
  explicit BlockReader(std::span<const std::byte> rest) : rest_(rest) {}

  template <class Number>
  Result<Number> number() {
    if (rest_.size() < sizeof(Number)) return damaged();
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
      value |= static_cast<Number>(static_cast<Number>(rest_[i]) << (8 * i));
    rest_ = rest_.subspan(sizeof(Number));
    return value;
  }
  Result<std::span<const std::byte>> block() {
    const auto size = TRY(number<std::uint64_t>());
    if (size > rest_.size()) return damaged();
    const auto data = rest_.first(size);
    rest_ = rest_.subspan(size);
    return data;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

Unexpected foreign(std::string_view why) {
  return std::unexpected(Error(Errc::precompiled_foreign, fmt::format("the artifact {}", why))
                             .with("try", "compile it again here: wisp compile FILE.wasm -o FILE.cwasm"));
}

}  // namespace

bool is_artifact(std::span<const std::byte> bytes) noexcept {
  return text_of(bytes).substr(0, kVersionAt) == kMagic.substr(0, kVersionAt);
}

Result<std::vector<std::byte>> write_artifact(const engine::Engine& engine, const Component& component) {
  if (!component.plan()) return std::unexpected(component.plan().error());
  Writer out;
  out.bytes(std::as_bytes(std::span(kMagic)));
  out.number(std::uint64_t{0});
  out.number(std::uint64_t{0});
  out.block(std::as_bytes(std::span(engine.compatibility())));
  out.number(component.features());
  out.block(component.binary());
  out.number(static_cast<std::uint32_t>(component.modules().size()));
  for (const auto& module : component.modules()) out.block(TRY(module->serialize()));
  out.patch(8, out.size());
  out.patch(16, engine::checksum(out.from(kCheckedAt)));
  return out.take();
}

Result<std::shared_ptr<const Component>> read_artifact(const engine::Engine& engine,
                                                       std::span<const std::byte> bytes) {
  if (!is_artifact(bytes) || bytes.size() < kCheckedAt) return damaged();
  if (text_of(bytes.first(kMagic.size())) != kMagic)
    return foreign("was compiled by a release with another file format");
  BlockReader head(bytes.subspan(kMagic.size()));
  const auto length = TRY(head.number<std::uint64_t>());
  const auto checksum = TRY(head.number<std::uint64_t>());
  const auto checked = bytes.subspan(kCheckedAt);
  if (length != bytes.size() || checksum != engine::checksum(checked)) return damaged();

  BlockReader in(checked);
  if (const auto made_by = text_of(TRY(in.block())); made_by != engine.compatibility())
    return foreign(fmt::format("was compiled by another release or for another machine ({}, here it is {})",
                               made_by, engine.compatibility()));
  const auto features = TRY(in.number<engine::Features>());
  const auto binary = TRY(in.block());
  const auto count = TRY(in.number<std::uint32_t>());
  if (count > kMaxModules) return damaged();
  std::vector<std::shared_ptr<const engine::Module>> modules;
  for (std::uint32_t i = 0; i < count; ++i)
    modules.push_back(TRY(engine::Module::load(engine, TRY(in.block()))));
  if (!in.done()) return damaged();
  return Component::assemble({binary.begin(), binary.end()}, features, std::move(modules));
}

}  // namespace wisp::component
