#include "cli/target.hpp"

#include "cli/text.hpp"
#include "component/types/names.hpp"

#include <algorithm>

namespace wisp::cli {
namespace {

using component::FuncRef;

constexpr std::size_t kMaxListed = 20, kMaxColumns = 110;

void add_if_lifted(const component::Plan& plan, const FuncRef& func, std::string_view interface,
                   std::string_view name, std::vector<Target>& into) {
  if (func.from != FuncRef::From::lift) return;
  into.push_back(
      {.interface = std::string(interface), .name = std::string(name), .lift = &plan.lifts[func.index]});
}

/// How well `wanted` names the interface: 0 not at all, 3 in full.
int match_interface(std::string_view interface, std::string_view wanted) {
  if (interface == wanted || component::canonical_name(interface) == component::canonical_name(wanted))
    return 3;
  const auto parts = component::parse_interface_name(interface);
  if (!parts) return 0;
  if (wanted == std::string(parts->package) + "/" + std::string(parts->interface)) return 2;
  return wanted == parts->interface ? 1 : 0;
}

/// "interface#func" or "interface.func" at the dot that separates them.
std::pair<std::string_view, std::string_view> split(std::string_view text, std::size_t at) {
  return {text.substr(0, at), text.substr(at + 1)};
}

std::vector<Target> matches(const std::vector<Target>& all, std::string_view interface,
                            std::string_view name) {
  std::vector<Target> best;
  int rank = 1;
  for (const auto& target : all) {
    if (target.interface.empty() || target.name != name) continue;
    const int found = match_interface(target.interface, interface);
    if (found < rank) continue;
    if (found > rank) best.clear();
    rank = found;
    best.push_back(target);
  }
  return best;
}

std::vector<Target> candidates(const std::vector<Target>& all, std::string_view text) {
  for (const auto& target : all) {
    if (target.interface.empty() && target.name == text) return {target};
  }
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    const auto [interface, name] = split(text, hash);
    return matches(all, interface, name);
  }
  // Versions and method names have dots too: try each from the right.
  for (auto dot = text.rfind('.'); dot != std::string_view::npos && dot != 0;
       dot = text.rfind('.', dot - 1)) {
    const auto [interface, name] = split(text, dot);
    if (auto found = matches(all, interface, name); !found.empty()) return found;
  }
  std::vector<Target> found;
  std::ranges::copy_if(all, std::back_inserter(found),
                       [&](const Target& target) { return target.name == text; });
  return found;
}

std::string listing(const std::vector<Target>& targets) {
  std::string out;
  for (std::size_t i = 0; i < targets.size() && i < kMaxListed; ++i) {
    // Types are written out in full, which for records is more than anybody reads here.
    std::string type = component::describe(*targets[i].lift->type).substr(4);
    if (type.size() > kMaxColumns) type = "(…)";
    out += (i == 0 ? "" : "\n") + spell(targets[i]) + type;
  }
  if (targets.size() > kMaxListed) out += "\n…";
  return out.empty() ? "no function" : out;
}

}  // namespace

std::vector<Target> list_targets(const component::Plan& plan) {
  std::vector<Target> all;
  for (const auto& [name, item] : plan.exported.exports) {
    if (const auto* func = std::get_if<FuncRef>(&item.item)) add_if_lifted(plan, *func, {}, name, all);
    const auto* instance = std::get_if<std::shared_ptr<const component::ExportedInstance>>(&item.item);
    if (instance == nullptr) continue;
    for (const auto& [inner_name, inner] : (*instance)->exports) {
      if (const auto* func = std::get_if<FuncRef>(&inner.item))
        add_if_lifted(plan, *func, name, inner_name, all);
    }
  }
  return all;
}

std::string spell(const Target& target) {
  return target.interface.empty() ? target.name : target.interface + "#" + target.name;
}

Result<Target> find_target(const component::Plan& plan, std::string_view text) {
  const auto all = list_targets(plan);
  auto found = candidates(all, text);
  if (found.size() == 1) return std::move(found.front());
  if (found.size() > 1)
    return std::unexpected(Error(Errc::usage, fmt::format("{} could be several exports", text))
                               .with("candidates", listing(found))
                               .with("try", "put the interface in front: " + spell(found.front())));
  Error error(Errc::usage, fmt::format("the component exports no function {}", text));
  std::vector<std::string> names;
  for (const auto& target : all) {
    names.push_back(target.name);
    names.push_back(spell(target));
  }
  if (const auto meant = nearest(text, names); !meant.empty()) error.add("meant", meant + "?");
  error.add("exported", listing(all));
  return std::unexpected(std::move(error));
}

}  // namespace wisp::cli
