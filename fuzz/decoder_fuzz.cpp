// Component binaries: decoder, planner and WIT printer on bytes that no gate has seen. What the gate accepts,
// the decoder must read and the planner must not call contradictory.
#include "component/binary/decoder.hpp"
#include "component/instance/planner.hpp"
#include "component/types/wit_printer.hpp"
#include "component_mutator.hpp"
#include "engine/engine.hpp"

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

void run(std::span<const std::byte> binary) {
  if (sniff(binary) != BinaryKind::component) {
    if (decode(binary, kDecode)) std::abort();
    return;
  }
  const bool accepted = engine::validate(binary, 0).has_value();
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
