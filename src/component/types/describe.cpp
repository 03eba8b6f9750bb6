#include "component/types/type.hpp"

#include <fmt/format.h>

namespace wisp::component {
namespace {

/// Writes type text up to a length: types share parts, so the full text of a small binary can be endless.
class Describer {
 public:
  explicit Describer(const ResourceNamer& name_of) : name_of_(name_of) {}

  void type(const Type* type) {
    if (full()) return;
    if (type == nullptr) return put("_");
    switch (type->kind) {
      case Kind::bool_:
        return put("bool");
      case Kind::s8:
        return put("s8");
      case Kind::u8:
        return put("u8");
      case Kind::s16:
        return put("s16");
      case Kind::u16:
        return put("u16");
      case Kind::s32:
        return put("s32");
      case Kind::u32:
        return put("u32");
      case Kind::s64:
        return put("s64");
      case Kind::u64:
        return put("u64");
      case Kind::f32:
        return put("f32");
      case Kind::f64:
        return put("f64");
      case Kind::char_:
        return put("char");
      case Kind::string:
        return put("string");
      case Kind::error_context:
        return put("error-context");
      case Kind::record:
        return record(*type);
      case Kind::variant:
        return labels("variant", *type);
      case Kind::flags:
        return labels("flags", *type);
      case Kind::enum_:
        return labels("enum", *type);
      case Kind::tuple:
        return tuple(*type);
      case Kind::list:
        return wrap("list", type->element);
      case Kind::fixed_list:
        put("list<");
        this->type(type->element);
        return put(fmt::format(", {}>", type->length));
      case Kind::option:
        return wrap("option", type->element);
      case Kind::result:
        return result(*type);
      case Kind::own:
        return resource("own", type->resource);
      case Kind::borrow:
        return resource("borrow", type->resource);
      case Kind::stream:
        return payload("stream", type->element);
      case Kind::future:
        return payload("future", type->element);
      case Kind::map:
        put("map<");
        this->type(type->element);
        put(", ");
        this->type(type->second);
        return put(">");
    }
  }

  void function(const FuncType& function) {
    put(function.async ? "async func(" : "func(");
    const char* separator = "";
    for (const auto& param : function.params) {
      if (full()) break;
      put(separator);
      put(param.name);
      put(": ");
      type(param.type);
      separator = ", ";
    }
    put(")");
    if (function.result != nullptr) {
      put(" -> ");
      type(function.result);
    }
  }

  std::string take() && {
    if (full()) text_ += "…";
    return std::move(text_);
  }

 private:
  static constexpr std::size_t kLimit = 2000;

  [[nodiscard]] bool full() const { return text_.size() >= kLimit; }

  void put(std::string_view text) {
    if (!full()) text_ += text;
  }

  void wrap(std::string_view name, const Type* inner) {
    put(name);
    put("<");
    type(inner);
    put(">");
  }

  void payload(std::string_view name, const Type* inner) { inner == nullptr ? put(name) : wrap(name, inner); }

  void resource(std::string_view name, ResourceId id) {
    put(fmt::format("{}<{}>", name, name_of_ ? name_of_(id) : fmt::format("resource#{}", id.value)));
  }

  void result(const Type& type) {
    if (type.element == nullptr && type.second == nullptr) return put("result");
    put("result<");
    this->type(type.element);
    if (type.second != nullptr) {
      put(", ");
      this->type(type.second);
    }
    put(">");
  }

  void tuple(const Type& type) {
    put("tuple<");
    const char* separator = "";
    for (const auto& member : type.members) {
      if (full()) break;
      put(separator);
      this->type(member.type);
      separator = ", ";
    }
    put(">");
  }

  void record(const Type& type) {
    put("record { ");
    const char* separator = "";
    for (const auto& member : type.members) {
      if (full()) break;
      put(separator);
      put(member.name);
      put(": ");
      this->type(member.type);
      separator = ", ";
    }
    put(" }");
  }

  void labels(std::string_view name, const Type& type) {
    put(name);
    put(" { ");
    const char* separator = "";
    for (const auto& member : type.members) {
      if (full()) break;
      put(separator);
      put(member.name);
      if (member.type != nullptr) {
        put("(");
        this->type(member.type);
        put(")");
      }
      separator = ", ";
    }
    put(" }");
  }

  const ResourceNamer& name_of_;
  std::string text_;
};

}  // namespace

std::string describe(const Type* type, const ResourceNamer& name_of) {
  Describer describer(name_of);
  describer.type(type);
  return std::move(describer).take();
}

std::string describe(const FuncType& type, const ResourceNamer& name_of) {
  Describer describer(name_of);
  describer.function(type);
  return std::move(describer).take();
}

}  // namespace wisp::component
