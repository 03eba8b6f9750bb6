// Component binaries: decoder, planner and WIT printer on bytes that no gate has seen. What the gate accepts,
// the decoder must read and the planner must not call contradictory.
#include "component/binary/decoder.hpp"
#include "component/instance/planner.hpp"
#include "component/types/wit_printer.hpp"
#include "component_mutator.hpp"
#include "engine/engine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace wisp::component {
namespace {

constexpr DecodeLimits kDecode = {
    .max_depth = 50, .max_components = 200, .max_definitions = 20'000, .max_name_bytes = 10'000};
constexpr PlanLimits kPlan = {
    .max_instances = 300, .max_core_instances = 300, .max_items = 20'000, .max_depth = 50};

/// Beyond what is malformed, our limits and features may refuse what the gate accepts.
void require_agreement(const Error& error) {
  switch (error.code()) {
    case Errc::component_too_large:
    case Errc::unsupported_feature:
      return;
    default:
      std::fprintf(stderr, "the gate accepts it: %s\n", error.message().c_str());
      std::abort();
  }
}

/// Whether the sections end where they say, in nested components too: the gate takes a nested binary that the
/// end of the file cuts off for complete, the decoder does not.
bool sections_fit(std::span<const std::byte> component) {
  constexpr std::size_t kPreamble = 8;
  constexpr std::byte kComponentSection{4};
  for (auto rest = component.subspan(std::min(kPreamble, component.size())); !rest.empty();) {
    const auto id = rest.front();
    rest = rest.subspan(1);
    std::uint64_t size = 0;
    bool more = true;
    for (unsigned shift = 0; more && shift < 35; shift += 7) {
      if (rest.empty()) return false;
      const auto byte = std::to_integer<std::uint64_t>(rest.front());
      rest = rest.subspan(1);
      size |= (byte & 0x7fU) << shift;
      more = (byte & 0x80U) != 0;
    }
    if (more || size > rest.size()) return false;
    if (id == kComponentSection && !sections_fit(rest.first(size))) return false;
    rest = rest.subspan(size);
  }
  return true;
}

void run(std::span<const std::byte> binary) {
  if (sniff(binary) != BinaryKind::component) {
    if (decode(binary, kDecode)) std::abort();
    return;
  }
  const bool accepted = sections_fit(binary) && engine::validate(binary, 0).has_value();
  const auto syntax = decode(binary, kDecode);
  if (!syntax) {
    if (accepted) require_agreement(syntax.error());
    return;
  }
  const auto planned = plan(*syntax, kPlan);
  if (!planned) {
    if (accepted) require_agreement(planned.error());
    return;
  }
  (void)print_wit(planned->imports, planned->exports);
}

}  // namespace
}  // namespace wisp::component

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wisp::component::run(std::as_bytes(std::span(data, size)));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wisp::fuzzing::mutate_component(data, size, max_size, seed);
}
