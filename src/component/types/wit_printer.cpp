#include "component/types/wit_printer.hpp"

#include "component/types/wit_scope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

namespace wisp::component {
namespace {

constexpr std::size_t kLimit = 1 << 20;
constexpr std::size_t kSpellLimit = 8 << 20;  // of what types spell out to, counted at each level of nesting

constexpr std::array<std::string_view, 43> kKeywords{
    "as",   "async", "bool",   "borrow", "char",    "constructor", "enum",     "error-context", "export",
    "f32",  "f64",   "flags",  "from",   "func",    "future",      "import",   "include",       "interface",
    "list", "map",   "option", "own",    "package", "record",      "resource", "result",        "s16",
    "s32",  "s64",   "s8",     "static", "stream",  "string",      "tuple",    "type",          "u16",
    "u32",  "u64",   "u8",     "use",    "variant", "with",        "world",
};
static_assert(std::ranges::is_sorted(kKeywords));

std::string id(std::string_view name) {
  const bool keyword = std::ranges::binary_search(kKeywords, name);
  return keyword ? fmt::format("%{}", name) : std::string(name);
}

std::string string_literal(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') out += '\\';
    if (each == '\n') {
      out += "\\n";
    } else {
      out += each;
    }
  }
  return out + '"';
}

bool has_name_in_wit(Kind kind) {
  return kind == Kind::record || kind == Kind::variant || kind == Kind::flags || kind == Kind::enum_;
}

/// "wasi:io@0.2.6".
std::string package_of(const InterfaceName& name) {
  return name.version.empty() ? std::string(name.package) : fmt::format("{}@{}", name.package, name.version);
}

/// A function name taken apart: "[method]r.m" is kind "method", resource "r", label "m".
struct FuncName {
  std::string_view kind, resource, label;
};
FuncName parse_func_name(std::string_view name) {
  const auto close = name.find(']');
  if (!name.starts_with('[') || close == name.npos) return {.kind = {}, .resource = {}, .label = name};
  const auto kind = name.substr(1, close - 1), rest = name.substr(close + 1);
  const auto dot = rest.find('.');
  if (kind == "constructor") return {kind, rest, {}};
  if ((kind != "method" && kind != "static") || dot == rest.npos)
    return {.kind = {}, .resource = {}, .label = name};
  return {kind, rest.substr(0, dot), rest.substr(dot + 1)};
}

/// Writes one text. Recursion follows types and instances, whose nesting is bounded; the text is by kLimit.
class Printer {
 public:
  Printer(const Externs& imports, const Externs& exports)
      : imports_(imports), exports_(exports), scopes_(imports, exports) {}

  std::string print() && {
    line("package root:component;");
    blank();
    open("world root {");
    scope_ = &scopes_.world();
    world_items(imports_, "import");
    if (!imports_.empty() && !exports_.empty()) blank();
    world_items(exports_, "export");
    close();
    packages();
    if (full()) out_ += "…\n";
    return std::move(out_);
  }

 private:
  using Methods = std::multimap<std::string_view, const WitScope::Item*>;

  [[nodiscard]] bool full() const { return out_.size() >= kLimit; }
  void line(std::string_view text) {
    if (!full()) out_ += fmt::format("{:{}}{}\n", "", 2 * depth_, text);
  }
  void blank() {
    if (!full()) out_ += '\n';
  }
  void open(std::string_view text) {
    line(text);
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }

  void packages() {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const WitScope*>> members;
    for (const auto& interface : scopes_.interfaces()) {
      auto package = package_of(*interface->parts);
      auto& of_package = members[package];
      if (of_package.empty()) order.push_back(package);
      of_package.push_back(interface.get());
    }
    for (const auto& package : order) {
      blank();
      open(fmt::format("package {} {{", package));
      const char* separator = "";
      for (const auto* interface : members[package]) {
        if (full()) break;
        if (*separator != 0) blank();
        separator = "\n";
        open(fmt::format("interface {} {{", id(interface->parts->interface)));
        body(*interface);
        close();
      }
      close();
    }
  }

  // The world.

  void world_items(const Externs& items, std::string_view direction) {
    std::vector<WitScope::Item> list;
    for (const auto& [name, desc] : items) list.emplace_back(name, &desc);
    const auto methods = methods_of(list);
    for (const auto& item : list) {
      if (full()) return;
      const auto& [name, desc] = item;
      if (!desc->external_id.empty())
        line(fmt::format("@external-id({})", string_literal(desc->external_id)));
      world_item(item, direction, methods);
    }
  }

  void world_item(const WitScope::Item& item, std::string_view direction, const Methods& methods) {
    const auto& [name, desc] = item;
    if (const auto* instance = std::get_if<std::shared_ptr<const InstanceDesc>>(&desc->item)) {
      const auto interface = interface_of(name, *desc);
      if (!interface)
        return inline_interface(fmt::format("{} {}: interface", direction, id(name)), **instance);
      if (*interface == name) return line(fmt::format("{} {};", direction, name));
      return line(fmt::format("{} {}: {};", direction, id(name), *interface));
    }
    if (const auto* func = std::get_if<const FuncType*>(&desc->item)) {
      if (!is_grouped(name, methods)) line(fmt::format("{} {}: {};", direction, id(name), function(**func)));
      return;
    }
    if (std::holds_alternative<ModuleDesc>(desc->item))
      return line(fmt::format("{} {}: core module;", direction, id(name)));
    if (std::holds_alternative<ComponentDesc>(desc->item))
      return line(fmt::format("{} {}: component;", direction, id(name)));
    // WIT has imported types only; exported ones say that they are.
    type_item(item, direction == "export" ? "export " : "", methods);
  }

  // Interfaces.

  void inline_interface(std::string_view head, const InstanceDesc& instance) {
    open(fmt::format("{} {{", head));
    const auto* outer = scope_;
    body(scopes_.inline_scope(instance));
    scope_ = outer;
    close();
  }

  void body(const WitScope& scope) {
    scope_ = &scope;
    const auto methods = methods_of(scope.items);
    bool first = !uses(scope);
    for (const auto& item : scope.items) {
      if (full()) return;
      const auto& [name, desc] = item;
      if (is_use(item)) continue;
      if (std::holds_alternative<const FuncType*>(desc->item) && is_grouped(name, methods)) continue;
      if (!first) blank();
      first = false;
      if (!desc->external_id.empty())
        line(fmt::format("@external-id({})", string_literal(desc->external_id)));
      interface_item(item, methods);
    }
  }

  /// One line for each interface that types come from; whether there is one.
  bool uses(const WitScope& scope) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& item : scope.items) {
      const auto origin = foreign(item);
      if (origin.scope == nullptr) continue;
      auto from = path_to(*origin.scope);
      auto text = used_as(item.first, origin);
      if (!lines.empty() && lines.back().first == from) {
        lines.back().second += ", " + text;
      } else {
        lines.emplace_back(std::move(from), std::move(text));
      }
    }
    for (const auto& [from, names] : lines) line(fmt::format("use {}.{{{}}};", from, names));
    return !lines.empty();
  }

  void interface_item(const WitScope::Item& item, const Methods& methods) {
    const auto& [name, desc] = item;
    if (const auto* func = std::get_if<const FuncType*>(&desc->item))
      return line(fmt::format("{}: {};", id(name), function(**func)));
    if (const auto* instance = std::get_if<std::shared_ptr<const InstanceDesc>>(&desc->item))
      return inline_interface(fmt::format("{}: interface", id(name)), **instance);
    if (std::holds_alternative<ModuleDesc>(desc->item))
      return line(fmt::format("{}: core module;", id(name)));
    if (std::holds_alternative<ComponentDesc>(desc->item))
      return line(fmt::format("{}: component;", id(name)));
    type_item(item, "", methods);
  }

  /// The functions of each resource that `items` defines.
  [[nodiscard]] Methods methods_of(const std::vector<WitScope::Item>& items) const {
    std::set<std::string_view> resources;
    for (const auto& item : items)
      if (std::holds_alternative<ResourceDesc>(item.second->item) && !is_use(item))
        resources.insert(item.first);
    Methods methods;
    for (const auto& item : items) {
      const auto parts = parse_func_name(item.first);
      if (resources.contains(parts.resource) && std::holds_alternative<const FuncType*>(item.second->item))
        methods.emplace(parts.resource, &item);
    }
    return methods;
  }
  static bool is_grouped(std::string_view name, const Methods& methods) {
    const auto resource = parse_func_name(name).resource;
    return !resource.empty() && methods.contains(resource);
  }

  // Type definitions.

  /// Where a type of this scope comes from, if from another.
  [[nodiscard]] WitScopes::Origin foreign(const WitScope::Item& item) const {
    WitScopes::Origin origin{nullptr, {}};
    if (const auto* type = std::get_if<ValueTypeDesc>(&item.second->item))
      origin = scopes_.origin(type->type, item.first);
    if (const auto* resource = std::get_if<ResourceDesc>(&item.second->item))
      origin = scopes_.origin(resource->id);
    return origin.scope == scope_ ? WitScopes::Origin{nullptr, {}} : origin;
  }
  [[nodiscard]] bool is_use(const WitScope::Item& item) const { return foreign(item).scope != nullptr; }

  void type_item(const WitScope::Item& item, std::string_view prefix, const Methods& methods) {
    const auto& [name, desc] = item;
    if (const auto origin = foreign(item); origin.scope != nullptr)
      return line(fmt::format("{}use {}.{{{}}};", prefix, path_to(*origin.scope), used_as(name, origin)));
    if (const auto* resource = std::get_if<ResourceDesc>(&desc->item)) {
      const auto own_name = scope_->resources.at(resource->id.value);
      if (own_name != name) return line(fmt::format("{}type {} = {};", prefix, id(name), id(own_name)));
      return resource_def(name, prefix, methods);
    }
    if (const auto* type = std::get_if<ValueTypeDesc>(&desc->item))
      return value_type_def(name, type->type, prefix);
    if (const auto* func = std::get_if<FuncTypeDesc>(&desc->item))
      return line(fmt::format("{}type {} = {};", prefix, id(name), function(*func->type)));
    line(fmt::format("{}type {};  // a component or instance type", prefix, id(name)));
  }

  /// How this scope names another one in a `use`.
  [[nodiscard]] std::string path_to(const WitScope& other) const {
    const bool same_package =
        other.parts && scope_->parts && package_of(*other.parts) == package_of(*scope_->parts);
    return same_package ? id(other.parts->interface) : std::string(other.name);
  }
  static std::string used_as(std::string_view name, const WitScopes::Origin& origin) {
    return origin.name == name ? id(name) : fmt::format("{} as {}", id(origin.name), id(name));
  }

  void resource_def(std::string_view name, std::string_view prefix, const Methods& methods) {
    const auto [begin, end] = methods.equal_range(name);
    if (begin == end) return line(fmt::format("{}resource {};", prefix, id(name)));
    open(fmt::format("{}resource {} {{", prefix, id(name)));
    for (auto at = begin; at != end; ++at) {
      const auto& [full_name, desc] = *at->second;
      const auto parts = parse_func_name(full_name);
      const auto& func = **std::get_if<const FuncType*>(&desc->item);
      if (parts.kind == "constructor") {
        line(fmt::format("constructor({}){};", params(func.params), constructor_result(func.result)));
      } else if (parts.kind == "static") {
        line(fmt::format("{}: static {};", id(parts.label), function(func)));
      } else {
        line(fmt::format("{}: {};", id(parts.label), function(func, Self::left_out)));
      }
    }
    close();
  }

  std::string constructor_result(const Type* result) {
    if (result == nullptr || result->kind == Kind::own) return {};
    return fmt::format(" -> {}", reference(result));
  }

  void value_type_def(std::string_view name, const Type* type, std::string_view prefix) {
    const auto known = scope_->types.find(type);
    const bool defined_here = known == scope_->types.end() || known->second == name;
    if (!has_name_in_wit(type->kind) || !defined_here)
      return line(
          fmt::format("{}type {} = {};", prefix, id(name), defined_here ? structure(type) : reference(type)));
    open(fmt::format("{}{} {} {{", prefix, keyword(type->kind), id(name)));
    for (const auto& member : type->members) {
      if (full()) break;
      line(fmt::format("{},", this->member(type->kind, member)));
    }
    close();
  }

  static std::string_view keyword(Kind kind) {
    if (kind == Kind::record) return "record";
    if (kind == Kind::variant) return "variant";
    return kind == Kind::flags ? "flags" : "enum";
  }

  std::string member(Kind kind, const Member& member) {
    if (member.type == nullptr) return id(member.name);
    return fmt::format(fmt::runtime(kind == Kind::record ? "{}: {}" : "{}({})"), id(member.name),
                       reference(member.type));
  }

  // Uses of types.

  /// As this scope names the type, else its structure.
  std::string reference(const Type* type) {
    if (type == nullptr) return "_";
    if (has_name_in_wit(type->kind))
      if (const auto found = scope_->types.find(type); found != scope_->types.end()) return id(found->second);
    return structure(type);
  }

  std::string structure(const Type* type) {
    // Types share parts: what they spell out to can be endless.
    if (++spelled_ > kSpellLimit) return "…";
    switch (type->kind) {
      case Kind::list:
        return fmt::format("list<{}>", reference(type->element));
      case Kind::fixed_list:
        return fmt::format("list<{}, {}>", reference(type->element), type->length);
      case Kind::option:
        return fmt::format("option<{}>", reference(type->element));
      case Kind::map:
        return fmt::format("map<{}, {}>", reference(type->element), reference(type->second));
      case Kind::stream:
        return payload("stream", type->element);
      case Kind::future:
        return payload("future", type->element);
      case Kind::own:
        return resource(type->resource);
      case Kind::borrow:
        return fmt::format("borrow<{}>", resource(type->resource));
      case Kind::result:
        if (type->second != nullptr)
          return fmt::format("result<{}, {}>", reference(type->element), reference(type->second));
        return payload("result", type->element);
      case Kind::tuple:
        return fmt::format("tuple<{}>",
                           joined(type->members, [&](const Member& each) { return reference(each.type); }));
      case Kind::record:
      case Kind::variant:
      case Kind::flags:
      case Kind::enum_:
        return fmt::format("{} {{ {} }}", keyword(type->kind), joined(type->members, [&](const Member& each) {
                             return member(type->kind, each);
                           }));
      default:
        return describe(type);
    }
  }

  std::string payload(std::string_view name, const Type* inner) {
    return inner == nullptr ? std::string(name) : fmt::format("{}<{}>", name, reference(inner));
  }

  std::string resource(ResourceId resource) const {
    if (const auto found = scope_->resources.find(resource.value); found != scope_->resources.end())
      return id(found->second);
    const auto origin = scopes_.origin(resource);
    return origin.scope == nullptr ? fmt::format("resource#{}", resource.value)
                                   : fmt::format("{}.{}", origin.scope->name, id(origin.name));
  }

  enum class Self : std::uint8_t { shown, left_out };
  std::string function(const FuncType& type, Self self = Self::shown) {
    auto list = std::span(type.params);
    if (self == Self::left_out && !list.empty()) list = list.subspan(1);
    auto text = fmt::format("{}func({})", type.async ? "async " : "", params(list));
    if (type.result != nullptr) text += fmt::format(" -> {}", reference(type.result));
    return text;
  }
  std::string params(std::span<const Param> list) {
    return joined(
        list, [&](const Param& each) { return fmt::format("{}: {}", id(each.name), reference(each.type)); });
  }

  template <class List, class Text>
  std::string joined(const List& list, Text text) {
    std::string out;
    for (const auto& each : list) {
      if (!out.empty()) out += ", ";
      if (spelled_ > kSpellLimit) return out + "…";
      const auto part = text(each);
      spelled_ += part.size();
      out += part;
    }
    return out;
  }

  const Externs& imports_;
  const Externs& exports_;
  WitScopes scopes_;
  const WitScope* scope_ = nullptr;
  std::string out_;
  std::size_t depth_ = 0;
  std::size_t spelled_ = 0;
};

}  // namespace

std::string print_wit(const Externs& imports, const Externs& exports) {
  return Printer(imports, exports).print();
}

}  // namespace wisp::component
