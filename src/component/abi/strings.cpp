#include "component/abi/strings.hpp"

#include "component/abi/text.hpp"

namespace wisp::component {
namespace {

using ast::StringEncoding;
using text::Encoding;
using text::Stop;

std::uint64_t utf16_tag(PointerSize size) { return 1ULL << (pointer_bytes(size) * 8 - 1); }

/// Text in a guest's memory: place and size are checked once; the bytes are looked up again after each
/// realloc, since a guest may pass a string to itself.
class GuestText {
 public:
  static constexpr Errc kInvalid = Errc::trap_abi;

  /// The checks of load_string_from_range, and that the text is valid.
  static Result<GuestText> open(Side& side, StringRef ref) {
    auto encoding = Encoding::utf8;
    auto units = ref.units;
    switch (side.encoding()) {
      case StringEncoding::utf8:
        break;
      case StringEncoding::utf16:
        encoding = Encoding::utf16;
        break;
      case StringEncoding::latin1_utf16:
        encoding = (units & utf16_tag(side.pointer())) != 0 ? Encoding::utf16 : Encoding::latin1;
        units &= ~utf16_tag(side.pointer());
        break;
    }
    const std::uint64_t unit = encoding == Encoding::utf16 ? 2 : 1;
    if (units > kMaxStringBytes / unit) [[unlikely]]
      return fail(Errc::trap_abi,
                  "string content out-of-bounds: {} code units are more than a string may have", units);
    const GuestText result(side, ref.address, units, units * unit, encoding);
    const auto bytes = TRY(result.checked_bytes());
    TRY(side.charge(bytes.size()));
    if (!text::is_valid({bytes, encoding})) [[unlikely]]
      return fail(Errc::trap_abi, "invalid utf-{} in a string", encoding == Encoding::utf8 ? 8 : 16);
    return result;
  }

  [[nodiscard]] Encoding encoding() const { return encoding_; }
  [[nodiscard]] std::uint64_t units() const { return units_; }
  [[nodiscard]] bool may_be_latin1_or_utf16() const {
    return side_->encoding() == StringEncoding::latin1_utf16;
  }
  [[nodiscard]] Result<text::Text> text() const {
    return text::Text {
      TRY(side_->memory().range(address_, bytes_))
      , encoding_
    };
  }

 private:
  GuestText(Side& side, std::uint64_t address, std::uint64_t units, std::uint64_t bytes, Encoding encoding)
      : side_(&side), address_(address), units_(units), bytes_(bytes), encoding_(encoding) {}

  [[nodiscard]] Result<std::span<const std::byte>> checked_bytes() const {
    // The alignment belongs to the option, not to what the tag says.
    const std::uint32_t align = side_->encoding() == StringEncoding::utf8 ? 1 : 2;
    auto bytes = side_->memory().range(address_, bytes_, align);
    if (!bytes) [[unlikely]]
      return std::unexpected(std::move(bytes).error().in("string"));
    return *bytes;
  }

  Side* side_;
  std::uint64_t address_;
  std::uint64_t units_;
  std::uint64_t bytes_;
  Encoding encoding_;
};

/// UTF-8 text of the host.
class HostText {
 public:
  static constexpr Errc kInvalid = Errc::trap_host;

  explicit HostText(std::string_view text) : text_(text) {}

  [[nodiscard]] static Encoding encoding() { return Encoding::utf8; }
  [[nodiscard]] std::uint64_t units() const { return text_.size(); }
  [[nodiscard]] static bool may_be_latin1_or_utf16() { return false; }
  [[nodiscard]] Result<text::Text> text() const {
    return text::Text{std::as_bytes(std::span(text_)), Encoding::utf8};
  }

 private:
  std::string_view text_;
};

/// Puts a Source into a guest's memory. Each function is the one of the same name in the Canonical ABI
/// ("Storing"); the number, order and sizes of the realloc calls are theirs, because the guest sees them.
template <class Source>
class Lowering {
 public:
  Lowering(Side& to, Source source) : to_(to), source_(source) {}

  Result<StringRef> run() {
    const auto units = source_.units();
    switch (to_.encoding()) {
      case StringEncoding::utf8:
        switch (source_.encoding()) {
          case Encoding::utf16:
            return store_string_to_utf8(3 * units);
          case Encoding::latin1:
            return store_string_to_utf8(2 * units);
          default:
            return store_string_copy(Encoding::utf8, 1, 1);
        }
      case StringEncoding::utf16:
        if (source_.encoding() == Encoding::utf8) return store_utf8_to_utf16();
        return store_string_copy(Encoding::utf16, 2, 2);
      case StringEncoding::latin1_utf16:
        if (!source_.may_be_latin1_or_utf16()) return store_string_to_latin1_or_utf16();
        if (source_.encoding() == Encoding::latin1) return store_string_copy(Encoding::latin1, 1, 2);
        return store_probably_utf16_to_latin1_or_utf16();
    }
    return fail(Errc::internal, "unknown string encoding");
  }

 private:
  /// The target's bytes as they are now.
  Result<std::span<std::byte>> room(std::uint64_t address, std::uint64_t size) {
    return to_.memory().range(address, size);
  }

  /// Transcodes from byte `skip` of the source on; all of it must fit.
  Result<std::size_t> finish(std::size_t skip, Encoding encoding, std::span<std::byte> into) {
    const auto text = TRY(source_.text());
    const auto progress = text::transcode(text.after(skip), encoding, into);
    if (progress.stop != Stop::end) [[unlikely]]
      return invalid();
    return progress.written;
  }

  static Unexpected invalid() { return fail(Source::kInvalid, "invalid text in a string"); }

  Result<StringRef> store_string_copy(Encoding encoding, std::uint64_t unit, std::uint32_t align) {
    const auto size = unit * source_.units();
    const auto address = TRY(allocate(to_, align, size));
    const auto target = TRY(room(address, size));
    const auto text = TRY(source_.text());
    if (text.encoding != encoding) {
      TRY(finish(0, encoding, target));
    } else if (size != 0) {
      std::memmove(target.data(), text.bytes.data(), size);
    }
    return StringRef{address, source_.units()};
  }

  Result<StringRef> store_string_to_utf8(std::uint64_t worst) {
    const auto units = source_.units();
    auto address = TRY(allocate(to_, 1, units));
    const auto ascii = text::transcode(TRY(source_.text()), Encoding::ascii, TRY(room(address, units)));
    if (ascii.stop == Stop::end) return StringRef{address, units};
    if (ascii.stop != Stop::unrepresentable) [[unlikely]]
      return invalid();
    address = TRY(reallocate(to_, address, units, 1, worst));
    const auto rest =
        TRY(finish(ascii.read, Encoding::utf8, TRY(room(address, worst)).subspan(ascii.written)));
    const auto size = ascii.written + rest;
    if (worst > size) address = TRY(reallocate(to_, address, worst, 1, size));
    return StringRef{address, size};
  }

  Result<StringRef> store_utf8_to_utf16() {
    const auto worst = 2 * source_.units();
    auto address = TRY(allocate(to_, 2, worst));
    const auto size = TRY(finish(0, Encoding::utf16, TRY(room(address, worst))));
    if (size < worst) address = TRY(reallocate(to_, address, worst, 2, size));
    return StringRef{address, size / 2};
  }

  Result<StringRef> store_string_to_latin1_or_utf16() {
    const auto units = source_.units();
    auto address = TRY(allocate(to_, 2, units));
    const auto latin1 = text::transcode(TRY(source_.text()), Encoding::latin1, TRY(room(address, units)));
    if (latin1.stop == Stop::end) {
      if (latin1.written < units) address = TRY(reallocate(to_, address, units, 2, latin1.written));
      return StringRef{address, latin1.written};
    }
    if (latin1.stop != Stop::unrepresentable) [[unlikely]]
      return invalid();
    const auto worst = 2 * units;
    address = TRY(reallocate(to_, address, units, 2, worst));
    const auto target = TRY(room(address, worst));
    for (auto i = latin1.written; i-- > 0;)
      store<std::uint16_t>(&target[2 * i], std::to_integer<std::uint8_t>(target[i]));
    const auto rest = TRY(finish(latin1.read, Encoding::utf16, target.subspan(2 * latin1.written)));
    const auto size = 2 * latin1.written + rest;
    if (worst > size) address = TRY(reallocate(to_, address, worst, 2, size));
    return StringRef{address, size / 2 | utf16_tag(to_.pointer())};
  }

  Result<StringRef> store_probably_utf16_to_latin1_or_utf16() {
    const auto units = source_.units();
    auto address = TRY(allocate(to_, 2, 2 * units));
    const auto target = TRY(room(address, 2 * units));
    if (units != 0) std::memmove(target.data(), TRY(source_.text()).bytes.data(), 2 * units);
    std::uint16_t seen = 0;
    for (std::uint64_t i = 0; i < units; ++i) seen |= load<std::uint16_t>(&target[2 * i]);
    if (seen >= 0x100) return StringRef{address, units | utf16_tag(to_.pointer())};
    for (std::uint64_t i = 0; i < units; ++i) target[i] = target[2 * i];
    address = TRY(reallocate(to_, address, 2 * units, 1, units));
    return StringRef{address, units};
  }

  Side& to_;
  Source source_;
};

}  // namespace

Result<std::string> lift_string(Side& side, StringRef text) {
  const auto source = TRY(GuestText::open(side, text));
  const auto bytes = TRY(source.text());
  if (bytes.encoding == Encoding::utf8)
    return std::string(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size());
  const auto worst = source.units() * (bytes.encoding == Encoding::utf16 ? 3 : 2);
  std::string result;
  result.resize_and_overwrite(worst, [&](char* data, std::size_t size) {
    return text::transcode(bytes, Encoding::utf8, std::as_writable_bytes(std::span(data, size))).written;
  });
  result.shrink_to_fit();
  return result;
}

Result<StringRef> lower_string(Side& side, std::string_view utf8) {
  if (utf8.size() > kMaxStringBytes) [[unlikely]]
    return fail(Errc::trap_limit, "a string of {} bytes is longer than {}", utf8.size(), kMaxStringBytes);
  return Lowering(side, HostText(utf8)).run();
}

Result<StringRef> transfer_string(Side& from, StringRef text, Side& to) {
  return Lowering(to, TRY(GuestText::open(from, text))).run();
}

}  // namespace wisp::component
