#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace wisp::component::testing {

/// Bytes of a binary under construction, for tests.
class Bytes {
 public:
  Bytes() = default;
  Bytes(std::initializer_list<int> bytes) {
    for (const int byte : bytes) data_.push_back(static_cast<std::byte>(byte));
  }

  Bytes& operator<<(const Bytes& other) {
    data_.insert(data_.end(), other.data_.begin(), other.data_.end());
    return *this;
  }
  friend Bytes operator+(Bytes left, const Bytes& right) { return left << right, left; }

  [[nodiscard]] std::span<const std::byte> span() const { return data_; }
  [[nodiscard]] std::size_t size() const { return data_.size(); }
  std::vector<std::byte>& data() { return data_; }

 private:
  std::vector<std::byte> data_;
};

inline Bytes u32(std::uint32_t value) {
  Bytes out;
  do {
    const auto low = static_cast<std::byte>(value & 0x7f);
    value >>= 7;
    out.data().push_back(value != 0 ? low | std::byte{0x80} : low);
  } while (value != 0);
  return out;
}

/// core:name.
inline Bytes text(std::string_view value) {
  Bytes out = u32(static_cast<std::uint32_t>(value.size()));
  for (const char each : value) out.data().push_back(static_cast<std::byte>(each));
  return out;
}

/// nameattributes without attributes.
inline Bytes name(std::string_view value) { return Bytes{0x00} + text(value); }

inline Bytes vec(std::initializer_list<Bytes> items) {
  Bytes out = u32(static_cast<std::uint32_t>(items.size()));
  for (const auto& item : items) out << item;
  return out;
}

inline Bytes section(int id, const Bytes& body) {
  return Bytes{id} + u32(static_cast<std::uint32_t>(body.size())) + body;
}

inline Bytes component(std::initializer_list<Bytes> sections) {
  Bytes out{0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00};
  for (const auto& each : sections) out << each;
  return out;
}

inline Bytes core_module(std::initializer_list<Bytes> sections) {
  Bytes out{0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
  for (const auto& each : sections) out << each;
  return out;
}

}  // namespace wisp::component::testing
