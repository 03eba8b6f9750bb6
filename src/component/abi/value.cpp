#include "component/abi/value.hpp"

#include <bit>
#include <cmath>

namespace wisp::component {
namespace {

template <class Float, class Bits>
bool same_float(Float a, Float b) {
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b) || (std::isnan(a) && std::isnan(b));
}

struct Same {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
  bool operator()(float a, float b) const { return same_float<float, std::uint32_t>(a, b); }
  bool operator()(double a, double b) const { return same_float<double, std::uint64_t>(a, b); }
  bool operator()(const Value::List& a, const Value::List& b) const { return a.items == b.items; }
  bool operator()(const Value::Flags& a, const Value::Flags& b) const { return a.bits == b.bits; }
  bool operator()(const Value::Case& a, const Value::Case& b) const {
    if (a.index != b.index || (a.payload == nullptr) != (b.payload == nullptr)) return false;
    return a.payload == nullptr || *a.payload == *b.payload;
  }
  bool operator()(const Value::Handle& a, const Value::Handle& b) const {
    return a.resource == b.resource && a.rep.value == b.rep.value;
  }
  template <class T, class U>
  bool operator()(const T&, const U&) const {
    return false;
  }
};

}  // namespace

bool operator==(const Value& a, const Value& b) { return std::visit(Same{}, a.data, b.data); }

}  // namespace wisp::component
