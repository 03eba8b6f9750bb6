// The canonical ABI on hostile memories: types, options and slots are taken from the input, its rest is the
// source's memory. What a plan moves must be what lifting reads, and both must refuse the same memories.
#include "component/abi/fake_side.hpp"
#include "component/abi/random_abi.hpp"
#include "component/abi/transfer.hpp"

#include <cstdlib>
#include <limits>

namespace wisp::component {
namespace {

using Types = std::vector<const Type*>;
using Slots = std::vector<wasmtime_val_raw_t>;

constexpr std::size_t kMemory = 1024;
constexpr std::uint64_t kBudget = 1U << 18U;

void require(bool holds) {
  if (!holds) std::abort();
}

/// One input, decoded.
struct Scenario {
  TypeArena arena;
  Types types;
  Place places[2];
  PointerSize pointers[2];
  ast::StringEncoding encodings[2];
  Slots slots;
  std::span<const std::uint8_t> memory;

  explicit Scenario(ByteChoice& choice) {
    std::uint32_t flat_count = 0;
    for (auto count = 1 + choice.below(3); count > 0; --count) {
      types.push_back(random_type(arena, choice, 3));
      flat_count += types.back()->flat_count;
    }
    for (auto& place : places) place = static_cast<Place>(flat_count > kMaxFlatParams ? 1 : choice.below(2));
    for (auto& pointer : pointers) pointer = static_cast<PointerSize>(choice.below(2));
    for (auto& encoding : encodings) encoding = static_cast<ast::StringEncoding>(choice.below(3));
    slots.resize(places[0] == Place::flat ? flat_count : 1);
    // Small numbers are addresses, lengths, handles and cases; a few are anything.
    for (auto& slot : slots) store_slot(slot, choice.below(8) == 0 ? choice.bits() : choice.below(64) * 4);
  }

  /// The memory and the handles of the source.
  void fill(FakeSide& side) const {
    const auto size = std::min(memory.size(), side.bytes.size());
    if (size != 0) std::memcpy(side.bytes.data(), memory.data(), size);
    side.next = kMemory;
    side.set_budget(kBudget);
    for (std::uint32_t i = 0; i < 8; ++i) side.add({{i % 4}, {i * 10ULL}, i % 3 != 0});
  }
};

/// What the host reads: nothing if it traps.
Result<std::vector<Value>> lift_all(FakeSide& side, const Scenario& scenario, Place place,
                                    std::span<const wasmtime_val_raw_t> slots) {
  std::vector<Value> values;
  RecordLayout record, fields;
  for (const auto* type : scenario.types) record.add(type->at(side.pointer()));
  auto base = place == Place::memory ? load_slot(slots[0]) : 0;
  if (side.pointer() == PointerSize::p32) base = static_cast<std::uint32_t>(base);
  if (place == Place::memory) TRY(side.memory().range(base, record.size(), record.align()));
  std::size_t at = 0;
  for (const auto* type : scenario.types) {
    values.push_back(place == Place::flat
                         ? TRY(lift_value(side, type, slots.subspan(at)))
                         : TRY(load_value(side, type, base + fields.add(type->at(side.pointer())))));
    at += type->flat_count;
  }
  return values;
}

bool is_limit(const Error& error) { return error.code() == Errc::trap_limit; }

void compare(const Scenario& scenario, const TransferPlan& plan) {
  FakeSide from(scenario.encodings[0], scenario.pointers[0], kMemory);
  FakeSide read(scenario.encodings[0], scenario.pointers[0], kMemory);
  scenario.fill(from);
  scenario.fill(read);
  FakeSide to(scenario.encodings[1], scenario.pointers[1], kMemory);
  Slots target(plan.slots_out());
  const auto done = plan.run(from, scenario.slots, to, target, TransferPlan::Target::allocate);
  read.set_budget(std::numeric_limits<std::uint64_t>::max() / 2);
  if (!done && is_limit(done.error())) return;
  const auto expected = lift_all(read, scenario, scenario.places[0], scenario.slots);
  require(done.has_value() == expected.has_value());
  if (!done) {
    require(done.error().code() == expected.error().code());
    return;
  }
  to.set_budget(std::numeric_limits<std::uint64_t>::max() / 2);
  for (auto& handle : to.handles) handle.second.lends = 0;
  const auto moved = lift_all(to, scenario, scenario.places[1], target);
  require(moved.has_value() && *moved == *expected);
}

/// Both sides in one memory, and a realloc that returns what the input says. Nothing to compare: it must not
/// crash.
void disturb(const Scenario& scenario, ByteChoice choice) {
  const auto plan =
      TransferPlan::compile(scenario.types, scenario.places[0], scenario.pointers[0], scenario.encodings[0],
                            scenario.types, scenario.places[1], scenario.pointers[0], scenario.encodings[0]);
  require(plan.has_value());
  FakeSide side(scenario.encodings[0], scenario.pointers[0], kMemory);
  scenario.fill(side);
  side.hook = [&](std::uint64_t old, std::uint64_t old_size, std::uint32_t align,
                  std::uint64_t size) -> Result<std::uint64_t> {
    if (side.calls.size() > 1000) return fail(Errc::trap_unreachable, "enough");
    switch (choice.below(4)) {
      case 0:
        return side.bump(old, old_size, align, size);
      case 1:
        return choice.bits();
      default:
        return std::uint64_t{choice.below(kMemory)} / align * align;
    }
  };
  Slots target(std::max(plan->slots_out(), scenario.slots.size()));
  std::ranges::copy(scenario.slots, target.begin());
  (void)plan->run(side, scenario.slots, side, target, static_cast<TransferPlan::Target>(choice.below(2)));
}

}  // namespace
}  // namespace wisp::component

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wisp::component;
  ByteChoice choice({data, size});
  Scenario scenario(choice);
  scenario.memory = choice.rest();
  const auto plan =
      TransferPlan::compile(scenario.types, scenario.places[0], scenario.pointers[0], scenario.encodings[0],
                            scenario.types, scenario.places[1], scenario.pointers[1], scenario.encodings[1]);
  require(plan.has_value());
  compare(scenario, *plan);
  disturb(scenario, choice);
  return 0;
}
