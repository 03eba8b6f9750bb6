#include "component/abi/text.hpp"

#include <cstring>

namespace wisp::component::text {
namespace {

using Byte = unsigned char;

template <class T>
T get(const Byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

constexpr std::uint64_t kHighBits8 = 0x8080808080808080;
constexpr std::uint64_t kHighBits16 = 0xff80ff80ff80ff80;
constexpr std::size_t kBlock = 16;  // units a fast step looks at

constexpr char32_t kMalformed = 0xffffffff;

bool is_continuation(Byte byte) { return (byte & 0xc0U) == 0x80; }

/// One policy an encoding: its unit, how a block is seen to be ASCII, how a code point is read and written.
struct Latin1 {
  using Unit = std::uint8_t;
  static constexpr std::size_t kUnit = sizeof(Unit);
  static constexpr char32_t kLast = 0xff;
  static bool ascii_block(const Byte* p) {
    return ((get<std::uint64_t>(p) | get<std::uint64_t>(p + 8)) & kHighBits8) == 0;
  }
  static char32_t read(const Byte*& p, const Byte*) { return *p++; }
  static std::size_t size(char32_t) { return 1; }
  static void write(Byte* p, char32_t c) { *p = static_cast<Byte>(c); }
};

struct Ascii : Latin1 {
  static constexpr char32_t kLast = 0x7f;
};

struct Utf8 {
  using Unit = std::uint8_t;
  static constexpr std::size_t kUnit = sizeof(Unit);
  static constexpr char32_t kLast = 0x10ffff;
  static bool ascii_block(const Byte* p) { return Latin1::ascii_block(p); }

  static char32_t read(const Byte*& p, const Byte* end) {
    const auto left = end - p;
    const Byte a = p[0];
    if (a < 0x80) {
      p += 1;
      return a;
    }
    if (a < 0xe0) {
      if (a < 0xc2 || left < 2 || !is_continuation(p[1])) return kMalformed;
      const char32_t c = (a & 0x1fU) << 6U | (p[1] & 0x3fU);
      p += 2;
      return c;
    }
    if (a < 0xf0) {
      if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return kMalformed;
      const char32_t c = (a & 0x0fU) << 12U | (p[1] & 0x3fU) << 6U | (p[2] & 0x3fU);
      if (c < 0x800 || (c >= 0xd800 && c <= 0xdfff)) return kMalformed;
      p += 3;
      return c;
    }
    if (a > 0xf4 || left < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3]))
      return kMalformed;
    const char32_t c = (a & 0x07U) << 18U | (p[1] & 0x3fU) << 12U | (p[2] & 0x3fU) << 6U | (p[3] & 0x3fU);
    if (c < 0x10000 || c > 0x10ffff) return kMalformed;
    p += 4;
    return c;
  }

  static std::size_t size(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

  static void write(Byte* p, char32_t c) {
    if (c < 0x80) {
      p[0] = static_cast<Byte>(c);
    } else if (c < 0x800) {
      p[0] = static_cast<Byte>(0xc0U | c >> 6U);
      p[1] = static_cast<Byte>(0x80U | (c & 0x3fU));
    } else if (c < 0x10000) {
      p[0] = static_cast<Byte>(0xe0U | c >> 12U);
      p[1] = static_cast<Byte>(0x80U | (c >> 6U & 0x3fU));
      p[2] = static_cast<Byte>(0x80U | (c & 0x3fU));
    } else {
      p[0] = static_cast<Byte>(0xf0U | c >> 18U);
      p[1] = static_cast<Byte>(0x80U | (c >> 12U & 0x3fU));
      p[2] = static_cast<Byte>(0x80U | (c >> 6U & 0x3fU));
      p[3] = static_cast<Byte>(0x80U | (c & 0x3fU));
    }
  }
};

struct Utf16 {
  using Unit = std::uint16_t;
  static constexpr std::size_t kUnit = sizeof(Unit);
  static constexpr char32_t kLast = 0x10ffff;
  static bool ascii_block(const Byte* p) {
    return ((get<std::uint64_t>(p) | get<std::uint64_t>(p + 8) | get<std::uint64_t>(p + 16) |
             get<std::uint64_t>(p + 24)) &
            kHighBits16) == 0;
  }

  static char32_t read(const Byte*& p, const Byte* end) {
    const char32_t high = get<std::uint16_t>(p);
    if (high < 0xd800 || high > 0xdfff) {
      p += 2;
      return high;
    }
    if (high > 0xdbff || end - p < 4) return kMalformed;
    const char32_t low = get<std::uint16_t>(p + 2);
    if (low < 0xdc00 || low > 0xdfff) return kMalformed;
    p += 4;
    return 0x10000 + ((high - 0xd800) << 10U) + (low - 0xdc00);
  }

  static std::size_t size(char32_t c) { return c < 0x10000 ? 2 : 4; }

  static void put(Byte* p, char32_t unit) {
    const auto value = static_cast<std::uint16_t>(unit);
    std::memcpy(p, &value, sizeof(value));
  }
  static void write(Byte* p, char32_t c) {
    if (c < 0x10000) return put(p, c);
    put(p, 0xd800 + ((c - 0x10000) >> 10U));
    put(p + 2, 0xdc00 + ((c - 0x10000) & 0x3ffU));
  }
};

template <class From>
bool validate(const Byte* p, const Byte* end) {
  if ((end - p) % From::kUnit != 0) return false;
  while (p < end) {
    while (static_cast<std::size_t>(end - p) >= kBlock * From::kUnit && From::ascii_block(p))
      p += kBlock * From::kUnit;
    // A block that is not ASCII is worth looking at whole before the test is made again.
    for (std::size_t i = 0; i < kBlock && p < end; ++i)
      if (From::read(p, end) == kMalformed) return false;
  }
  return true;
}

template <class From, class To>
void copy_ascii_block(const Byte* p, Byte* out) {
  // Vector types, because the optimizer takes the bytes out of the test's words one by one otherwise.
  typedef typename From::Unit In __attribute__((vector_size(kBlock * sizeof(typename From::Unit))));
  typedef typename To::Unit Out __attribute__((vector_size(kBlock * sizeof(typename To::Unit))));
  In in;
  std::memcpy(&in, p, sizeof(in));
  const auto result = __builtin_convertvector(in, Out);
  std::memcpy(out, &result, sizeof(result));
}

template <class From, class To>
Progress run(std::span<const std::byte> from, std::span<std::byte> into) {
  const auto* const begin = reinterpret_cast<const Byte*>(from.data());
  const auto* const end = begin + from.size() / From::kUnit * From::kUnit;
  auto* const out_begin = reinterpret_cast<Byte*>(into.data());
  auto* const out_end = out_begin + into.size();
  const auto* p = begin;
  auto* out = out_begin;
  const auto stopped = [&](Stop stop) {
    return Progress{static_cast<std::size_t>(p - begin), static_cast<std::size_t>(out - out_begin), stop};
  };
  while (p < end) {
    while (static_cast<std::size_t>(end - p) >= kBlock * From::kUnit &&
           static_cast<std::size_t>(out_end - out) >= kBlock * To::kUnit && From::ascii_block(p)) {
      copy_ascii_block<From, To>(p, out);
      p += kBlock * From::kUnit;
      out += kBlock * To::kUnit;
    }
    for (std::size_t i = 0; i < kBlock && p < end; ++i) {
      const auto* next = p;
      const auto c = From::read(next, end);
      if (c == kMalformed) return stopped(Stop::malformed);
      if (c > To::kLast) return stopped(Stop::unrepresentable);
      const auto size = To::size(c);
      if (static_cast<std::size_t>(out_end - out) < size) return stopped(Stop::full);
      To::write(out, c);
      out += size;
      p = next;
    }
  }
  return stopped(end == begin + from.size() ? Stop::end : Stop::malformed);
}

template <class From>
Progress run_to(std::span<const std::byte> from, Encoding to, std::span<std::byte> into) {
  switch (to) {
    case Encoding::ascii:
      return run<From, Ascii>(from, into);
    case Encoding::latin1:
      return run<From, Latin1>(from, into);
    case Encoding::utf8:
      return run<From, Utf8>(from, into);
    case Encoding::utf16:
      return run<From, Utf16>(from, into);
  }
  return {};
}

}  // namespace

bool is_valid(Text text) {
  const auto* begin = reinterpret_cast<const Byte*>(text.bytes.data());
  const auto* end = begin + text.bytes.size();
  switch (text.encoding) {
    case Encoding::ascii:
    case Encoding::latin1:
      return true;
    case Encoding::utf8:
      return validate<Utf8>(begin, end);
    case Encoding::utf16:
      return validate<Utf16>(begin, end);
  }
  return false;
}

Progress transcode(Text from, Encoding to, std::span<std::byte> into) {
  switch (from.encoding) {
    case Encoding::ascii:
    case Encoding::latin1:
      return run_to<Latin1>(from.bytes, to, into);
    case Encoding::utf8:
      return run_to<Utf8>(from.bytes, to, into);
    case Encoding::utf16:
      return run_to<Utf16>(from.bytes, to, into);
  }
  return {};
}

}  // namespace wisp::component::text
