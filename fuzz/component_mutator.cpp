#include "component_mutator.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace wisp::fuzzing {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kPreamble = 8;
constexpr std::uint8_t kComponentSection = 4;
constexpr std::size_t kMaxBody = 4096;  // what a mutation may make of a section

struct Section {
  std::uint8_t id;
  Bytes body;
};

/// The sections that follow the preamble; what does not parse is one last section.
std::vector<Section> split(const Bytes& component) {
  std::vector<Section> sections;
  std::size_t at = std::min(kPreamble, component.size());
  while (at < component.size()) {
    const auto id = component[at++];
    std::uint64_t size = 0;
    for (unsigned shift = 0; at < component.size() && shift < 35; shift += 7) {
      const auto byte = component[at++];
      size |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) break;
    }
    const auto taken = std::min<std::uint64_t>(size, component.size() - at);
    const auto* begin = component.data() + at;
    sections.push_back({.id = id, .body = {begin, begin + taken}});
    at += taken;
  }
  return sections;
}

Bytes join(const Bytes& before, const std::vector<Section>& sections) {
  Bytes out(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(std::min(kPreamble, before.size())));
  for (const auto& section : sections) {
    out.push_back(section.id);
    auto size = section.body.size();
    do {
      const auto low = static_cast<std::uint8_t>(size & 0x7fU);
      size >>= 7U;
      out.push_back(size != 0 ? low | 0x80U : low);
    } while (size != 0);
    out.insert(out.end(), section.body.begin(), section.body.end());
  }
  return out;
}

Bytes mutate(const Bytes& component, std::minstd_rand& random, unsigned depth) {
  auto sections = split(component);
  if (sections.empty()) return component;
  const auto at = random() % sections.size();
  const auto place = sections.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random() % 8) {
    case 0:
      sections.insert(place, Section(sections[random() % sections.size()]));
      break;
    case 1:
      sections.erase(place);
      break;
    case 2:
      std::swap(sections[at], sections[random() % sections.size()]);
      break;
    default: {
      auto& body = place->body;
      if (place->id == kComponentSection && depth < 8) {
        body = mutate(body, random, depth + 1);
        break;
      }
      if (body.size() > kMaxBody) break;
      const auto size = body.size();
      body.resize(kMaxBody);
      body.resize(LLVMFuzzerMutate(body.data(), size, kMaxBody));
    }
  }
  return join(component, sections);
}

}  // namespace

std::size_t mutate_component(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  // Lengths that lie are worth a try, too.
  if (size <= kPreamble || random() % 10 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const auto mutated = mutate({data, data + size}, random, 0);
  if (mutated.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, mutated.data(), mutated.size());
  return mutated.size();
}

}  // namespace wisp::fuzzing
