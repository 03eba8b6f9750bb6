// What moving values between two instances costs without the instances: plans, strings, and memcpy beside
// them. The target's realloc hands out one place again and again, so that nothing but the ABI's own work is
// measured.
#include "component/abi/strings.hpp"
#include "component/abi/transfer.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

namespace wisp::component {
namespace {

using ast::StringEncoding;
using Slots = std::vector<wasmtime_val_raw_t>;

/// Values lie at 64; realloc answers the start of the upper half.
class BenchSide final : public Side {
 public:
  explicit BenchSide(StringEncoding encoding)
      : Side(encoding, PointerSize::p32), bytes(32U << 20U, std::byte{1}) {}

  GuestMemory memory() override { return {bytes.data(), bytes.size()}; }
  Result<std::uint64_t> realloc(std::uint64_t old, std::uint64_t, std::uint32_t, std::uint64_t) override {
    return old != 0 ? old : bytes.size() / 2;
  }
  Result<Rep> lift_own(ResourceId, std::uint32_t handle) override { return Rep{handle}; }
  Result<Rep> lift_borrow(ResourceId, std::uint32_t handle) override { return Rep{handle}; }
  Result<std::uint32_t> lower_own(ResourceId, Rep rep) override {
    return static_cast<std::uint32_t>(rep.value);
  }
  Result<std::uint32_t> lower_borrow(ResourceId, Rep rep) override {
    return static_cast<std::uint32_t>(rep.value);
  }

  std::vector<std::byte> bytes;
};

Slots slots_of(std::initializer_list<std::uint64_t> values) {
  Slots slots;
  for (const auto value : values) store_slot(slots.emplace_back(), value);
  return slots;
}

TransferPlan plan(std::span<const Type* const> types, Place place) {
  auto made = TransferPlan::compile(types, place, PointerSize::p32, StringEncoding::utf8, types, place,
                                    PointerSize::p32, StringEncoding::utf8);
  if (!made) std::abort();
  return std::move(*made);
}

/// Moves `source` over and over.
void run(benchmark::State& state, const TransferPlan& moved, BenchSide& from, const Slots& source) {
  BenchSide to(StringEncoding::utf8);
  Slots target(moved.slots_out());
  for (auto _ : state) {
    from.set_budget(Side::kDefaultBudget);
    const auto done = moved.run(from, source, to, target, TransferPlan::Target::allocate);
    if (!done) state.SkipWithError(done.error().message().c_str());
    benchmark::ClobberMemory();
  }
}

void memcpy_bytes(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<std::byte> from(32U << 20U, std::byte{1}), to(32U << 20U);
  for (auto _ : state) {
    benchmark::DoNotOptimize(from.data());
    benchmark::DoNotOptimize(to.data());
    std::memcpy(to.data() + (16U << 20U), from.data() + 64, size);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(memcpy_bytes)->Arg(64)->Arg(4 << 10)->Arg(1 << 20);

void list_u8(benchmark::State& state) {
  TypeArena arena;
  const Type* const types[] = {arena.intern(Type{.kind = Kind::list, .element = arena.primitive(Kind::u8)})};
  BenchSide from(StringEncoding::utf8);
  run(state, plan(types, Place::flat), from, slots_of({64, static_cast<std::uint64_t>(state.range(0))}));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(list_u8)->Arg(64)->Arg(4 << 10)->Arg(1 << 20);

void scalars(benchmark::State& state) {
  TypeArena arena;
  const Type* const types[] = {arena.primitive(Kind::u32), arena.primitive(Kind::u64)};
  BenchSide from(StringEncoding::utf8);
  run(state, plan(types, Place::flat), from, slots_of({1, 2}));
}
BENCHMARK(scalars);

void option_char(benchmark::State& state) {
  TypeArena arena;
  const Type* const types[] = {
      arena.intern(Type{.kind = Kind::option, .element = arena.primitive(Kind::char_)})};
  BenchSide from(StringEncoding::utf8);
  run(state, plan(types, Place::flat), from, slots_of({1, 'x'}));
}
BENCHMARK(option_char);

/// list<record{u32, u64, bool, char}>, 24 bytes an element.
void list_record(benchmark::State& state) {
  TypeArena arena;
  const auto* record = arena.intern(Type{.kind = Kind::record,
                                         .members = {{"a", arena.primitive(Kind::u32)},
                                                     {"b", arena.primitive(Kind::u64)},
                                                     {"c", arena.primitive(Kind::bool_)},
                                                     {"d", arena.primitive(Kind::char_)}}});
  const Type* const types[] = {arena.intern(Type{.kind = Kind::list, .element = record})};
  BenchSide from(StringEncoding::utf8);
  for (std::int64_t i = 0; i < state.range(0); ++i)
    store<std::uint32_t>(&from.bytes[static_cast<std::size_t>(64 + i * 24 + 20)], 'a');
  run(state, plan(types, Place::flat), from, slots_of({64, static_cast<std::uint64_t>(state.range(0))}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(list_record)->Arg(1000);

/// list<string> of 24 bytes each.
void list_string(benchmark::State& state) {
  TypeArena arena;
  const Type* const types[] = {
      arena.intern(Type{.kind = Kind::list, .element = arena.primitive(Kind::string)})};
  BenchSide from(StringEncoding::utf8);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    store<std::uint32_t>(&from.bytes[static_cast<std::size_t>(64 + i * 8)], 1U << 20U);
    store<std::uint32_t>(&from.bytes[static_cast<std::size_t>(64 + i * 8 + 4)], 24);
  }
  run(state, plan(types, Place::flat), from, slots_of({64, static_cast<std::uint64_t>(state.range(0))}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(list_string)->Arg(1000);

/// Parameters that lie in memory: u32, u64, string of 24 bytes.
void record_in_memory(benchmark::State& state) {
  TypeArena arena;
  const Type* const types[] = {arena.primitive(Kind::u32), arena.primitive(Kind::u64),
                               arena.primitive(Kind::string)};
  BenchSide from(StringEncoding::utf8);
  store<std::uint32_t>(&from.bytes[80], 1U << 20U);
  store<std::uint32_t>(&from.bytes[84], 24);
  run(state, plan(types, Place::memory), from, slots_of({64}));
}
BENCHMARK(record_in_memory);

enum class Content : std::uint8_t { ascii, mixed };

/// range(0): bytes; ASCII, or every sixth character beyond Latin-1.
void string(benchmark::State& state, StringEncoding from_encoding, StringEncoding to_encoding,
            Content content) {
  BenchSide from(from_encoding), to(to_encoding);
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0)))
    text += content == Content::ascii ? "abcdefgh" : "abcde\u2603";
  const auto ref = lower_string(from, text);
  if (!ref) std::abort();
  for (auto _ : state) {
    from.set_budget(Side::kDefaultBudget);
    const auto moved = transfer_string(from, *ref, to);
    if (!moved) state.SkipWithError(moved.error().message().c_str());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
constexpr auto kUtf8 = StringEncoding::utf8, kUtf16 = StringEncoding::utf16,
               kLatin1 = StringEncoding::latin1_utf16;
BENCHMARK_CAPTURE(string, utf8_utf8_ascii, kUtf8, kUtf8, Content::ascii)->Arg(24)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf8_utf8_mixed, kUtf8, kUtf8, Content::mixed)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf8_utf16_ascii, kUtf8, kUtf16, Content::ascii)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf8_utf16_mixed, kUtf8, kUtf16, Content::mixed)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf16_utf8_ascii, kUtf16, kUtf8, Content::ascii)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf16_utf8_mixed, kUtf16, kUtf8, Content::mixed)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf8_latin1_ascii, kUtf8, kLatin1, Content::ascii)->Arg(4 << 10);
BENCHMARK_CAPTURE(string, utf16_utf16_mixed, kUtf16, kUtf16, Content::mixed)->Arg(4 << 10);

}  // namespace
}  // namespace wisp::component
