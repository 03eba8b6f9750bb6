#include "component/binary/core_module.hpp"

#include "component/binary/core_types.hpp"

namespace wisp::component::decoding {
namespace {

Result<ast::CoreExport> read_export(Reader& in) {
  const auto name = TRY(in.name());
  const auto sort = TRY(read_core_sort(in, CoreSorts::module_items));
  (void)TRY(in.u32());
  return ast::CoreExport{name, sort};
}

/// The module's name from the body of a name section: its subsection 0.
Result<std::string_view> read_module_name(Reader in) {
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    auto body = TRY(in.sub(size));
    if (id == 0) return body.name();
  }
  return std::string_view{};
}

Result<> read_section(std::uint8_t id, Reader in, ast::CoreModule& module) {
  switch (id) {
    case 0:
      // What a name section says is for people: a broken one is as good as none.
      if (TRY(in.name()) == "name") module.name = read_module_name(in).value_or(module.name);
      return {};
    case 2:
      module.imports = TRY(read_vec<ast::CoreImport>(in, read_core_import));
      break;
    case 5:
      module.memories = TRY(read_vec<ast::CoreMemory>(in, read_core_memory));
      break;
    case 7:
      module.exports = TRY(read_vec<ast::CoreExport>(in, read_export));
      break;
    case 8:
      (void)TRY(in.u32());
      module.has_start = true;
      break;
    default:
      return {};  // the engine's business
  }
  if (!in.done()) return in.malformed("unexpected data at the end of section {}", id);
  return {};
}

/// `in` is the body of a producers section.
Result<std::string_view> find_tool(Reader in, std::string_view tool) {
  const auto fields = TRY(in.count());
  for (std::uint32_t field = 0; field < fields; ++field) {
    const bool processed = TRY(in.name())
    == "processed-by";
    const auto values = TRY(in.count());
    for (std::uint32_t value = 0; value < values; ++value) {
      const auto name = TRY(in.name());
      const auto version = TRY(in.name());
      if (processed && name == tool) return version;
    }
  }
  return std::string_view{};
}

Result<std::string_view> find_version(Reader in, std::string_view tool) {
  (void)TRY(in.bytes(8));
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    auto body = TRY(in.sub(size));
    if (id == 0 && TRY(body.name()) == "producers") return find_tool(body, tool);
  }
  return std::string_view{};
}

}  // namespace

std::string_view version_of_tool(std::span<const std::byte> module, std::string_view tool) {
  Session session{.binary = module, .limits = {}};
  return find_version(Reader(session, module), tool).value_or(std::string_view{});
}

Result<ast::CoreModule> read_core_module(Reader in) {
  ast::CoreModule module;
  module.bytes = TRY(Reader(in).bytes(in.remaining()));
  if (sniff(module.bytes) != BinaryKind::core_module)
    return in.malformed("a core module has another preamble");
  (void)TRY(in.bytes(8));
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    const auto body = TRY(in.sub(size));
    TRY(read_section(id, body, module));
  }
  return module;
}

}  // namespace wisp::component::decoding
