#include "component/binary/decoder.hpp"

#include "component/binary/canon.hpp"
#include "component/binary/core_module.hpp"
#include "component/binary/core_types.hpp"
#include "component/binary/declarations.hpp"
#include "component/binary/type_defs.hpp"

#include <array>
#include <cstring>

namespace wisp::component {
namespace decoding {
namespace {

Result<ast::CoreInstantiateArg> read_core_arg(Reader& in) {
  const auto name = TRY(in.name());
  if (TRY(in.byte()) != 0x12) return in.malformed("a core instantiation argument is an instance");
  return ast::CoreInstantiateArg { name, TRY(in.u32()) };
}

Result<ast::CoreInlineExport> read_core_inline_export(Reader& in) {
  const auto name = TRY(in.name());
  const auto sort = TRY(read_core_sort(in, CoreSorts::all));
  return ast::CoreInlineExport{name, {sort, TRY(in.u32())}};
}

Result<ast::CoreInstance> read_core_instance(Reader& in) {
  if (TRY(in.flag("a core instance"))) return ast::CoreInlineExports {
      TRY(read_vec<ast::CoreInlineExport>(in, read_core_inline_export))
    };
  const auto module = TRY(in.u32());
  return ast::CoreInstantiate { module, TRY(read_vec<ast::CoreInstantiateArg>(in, read_core_arg)) };
}

Result<ast::InstantiateArg> read_arg(Reader& in) {
  const auto name = TRY(in.name());
  return ast::InstantiateArg { name, TRY(read_sort_index(in)) };
}

Result<ast::InlineExport> read_inline_export(Reader& in) {
  const auto name = TRY(read_name(in));
  return ast::InlineExport { name, TRY(read_sort_index(in)) };
}

Result<ast::Instance> read_instance(Reader& in) {
  if (TRY(in.flag("an instance"))) return ast::InlineExports {
      TRY(read_vec<ast::InlineExport>(in, read_inline_export))
    };
  const auto component = TRY(in.u32());
  return ast::Instantiate { component, TRY(read_vec<ast::InstantiateArg>(in, read_arg)) };
}

Result<ast::Import> read_import(Reader& in) {
  const auto name = TRY(read_name(in));
  return ast::Import { name, TRY(read_extern_type(in)) };
}

Result<ast::Export> read_export(Reader& in) {
  const auto name = TRY(read_name(in));
  const auto item = TRY(read_sort_index(in));
  return ast::Export { name, item, TRY(read_optional<ast::ExternType>(in, read_extern_type)) };
}

Result<ast::Start> read_start(Reader& in) {
  const auto func = TRY(in.u32());
  auto args = TRY(read_vec<ast::Index>(in, [](Reader& from) { return from.u32(); }));
  return ast::Start { func, std::move(args), TRY(in.u32()) };
}

/// The name in the body of a component-name section: its subsection 0.
Result<std::string_view> read_component_name(Reader in) {
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    auto body = TRY(in.sub(size));
    if (id == 0) return body.name();
  }
  return std::string_view{};
}

/// Appends vec(T), each element a definition.
template <class Read>
Result<> read_definitions(Reader& in, ast::Component& component, Read read) {
  const auto count = TRY(in.count());
  TRY(in.add_definitions(count));
  for (std::uint32_t index = 0; index < count; ++index) component.definitions.emplace_back(TRY(read(in)));
  return {};
}

Result<ast::Component> read_component(Reader in);

Result<> read_section(std::uint8_t id, Reader in, ast::Component& component) {
  switch (id) {
    case 0:
      // Names are for people: a broken section is as good as none (Binary.md, "Name Section").
      if (TRY(in.name()) == "component-name")
        component.name = read_component_name(in).value_or(component.name);
      return {};
    case 1:
      TRY(in.add_definitions(1));
      component.definitions.emplace_back(TRY(read_core_module(in)));
      return {};
    case 2:
      TRY(read_definitions(in, component, read_core_instance));
      break;
    case 3:
      TRY(read_definitions(in, component, read_core_type));
      break;
    case 4:
      TRY(in.add_definitions(1));
      component.definitions.emplace_back(std::make_unique<ast::Component>(TRY(read_component(in))));
      return {};
    case 5:
      TRY(read_definitions(in, component, read_instance));
      break;
    case 6:
      TRY(read_definitions(in, component, read_alias));
      break;
    case 7:
      TRY(read_definitions(in, component, read_type));
      break;
    case 8:
      TRY(read_definitions(in, component, read_canon));
      break;
    case 9:
      TRY(in.add_definitions(1));
      component.definitions.emplace_back(TRY(read_start(in)));
      break;
    case 10:
      TRY(read_definitions(in, component, read_import));
      break;
    case 11:
      TRY(read_definitions(in, component, read_export));
      break;
    case 12:
      return fail(Errc::unsupported_feature, "component values are not supported (section at offset {:#x})",
                  in.offset());
    default:
      return in.malformed("unknown section {}", id);
  }
  if (!in.done()) return in.malformed("unexpected data at the end of section {}", id);
  return {};
}

Result<ast::Component> read_component(Reader in) {
  auto& session = in.session();
  const Nesting nesting(session);
  TRY(nesting.check(in));
  if (++session.components > session.limits.max_components)
    return in.too_large("the number of components", session.limits.max_components);
  ast::Component component;
  component.bytes = TRY(Reader(in).bytes(in.remaining()));
  if (sniff(component.bytes) != BinaryKind::component)
    return in.malformed("a nested component has another preamble");
  (void)TRY(in.bytes(8));
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    const auto body = TRY(in.sub(size));
    TRY(read_section(id, body, component));
  }
  return component;
}

}  // namespace
}  // namespace decoding

BinaryKind sniff(std::span<const std::byte> binary) noexcept {
  constexpr std::array<unsigned char, 4> kMagic{0x00, 0x61, 0x73, 0x6d};
  constexpr std::array<unsigned char, 4> kComponent{0x0d, 0x00, 0x01, 0x00}, kModule{0x01, 0x00, 0x00, 0x00};
  if (binary.size() < 8 || std::memcmp(binary.data(), kMagic.data(), 4) != 0) return BinaryKind::not_wasm;
  if (std::memcmp(binary.data() + 4, kComponent.data(), 4) == 0) return BinaryKind::component;
  if (std::memcmp(binary.data() + 4, kModule.data(), 4) == 0) return BinaryKind::core_module;
  return BinaryKind::unknown_version;
}

Result<ast::Component> decode(std::span<const std::byte> binary, const DecodeLimits& limits) {
  switch (sniff(binary)) {
    case BinaryKind::component:
      break;
    case BinaryKind::core_module:
      return fail(Errc::core_module, "a core module stands where a component should");
    case BinaryKind::unknown_version:
      return fail(Errc::unsupported_version, "unknown binary version");
    case BinaryKind::not_wasm:
      return fail(Errc::not_wasm, "the preamble of WebAssembly is missing");
  }
  decoding::Session session{.binary = binary, .limits = limits};
  return decoding::read_component(decoding::Reader(session, binary));
}

}  // namespace wisp::component
