#include "component/link/host.hpp"

#include "component/types/names.hpp"

namespace wisp::component {

HostInterface& HostInterface::gated(std::string name, std::string flag) {
  gates_.insert_or_assign(std::move(name), std::move(flag));
  return *this;
}

const HostFunction* HostInterface::find_function(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second.get();
}

const HostResourceType* HostInterface::find_resource(std::string_view name) const {
  const auto found = resources_.find(name);
  return found == resources_.end() ? nullptr : &found->second;
}

const std::string* HostInterface::find_gate(std::string_view name) const {
  const auto found = gates_.find(name);
  return found == gates_.end() ? nullptr : &found->second;
}

HostInterface& HostLinker::interface(std::string_view name) { return interfaces_[canonical_name(name)]; }

const HostInterface* HostLinker::find(std::string_view name) const {
  const auto found = interfaces_.find(canonical_name(name));
  return found == interfaces_.end() ? nullptr : &found->second;
}

std::vector<std::string> HostLinker::names() const {
  std::vector<std::string> out;
  out.reserve(interfaces_.size());
  for (const auto& [name, interface] : interfaces_) out.push_back(name);
  return out;
}

}  // namespace wisp::component
