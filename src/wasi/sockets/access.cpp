#include "wasi/sockets/access.hpp"

#include <algorithm>

namespace wisp::wasi {

namespace {
constexpr std::size_t kMaxLearned = 256;
}

bool NetworkAccess::may_bind(const SocketAddress& local) const {
  return rules_->listen || (local.port == 0 && !rules_->egress.empty());
}

bool NetworkAccess::may_reach(const SocketAddress& remote) const {
  if (rules_->egress.allows({}, remote.address, remote.port)) return true;
  return std::ranges::any_of(learned_, [&](const Learned& one) {
    return one.address == remote.address && rules_->egress.allows(one.name, remote.address, remote.port);
  });
}

bool NetworkAccess::may_hear(const SocketAddress& remote) const {
  return rules_->listen || may_reach(remote);
}

bool NetworkAccess::may_look_up(std::string_view name) const {
  return rules_->look_up || rules_->egress.may_look_up(name);
}

void NetworkAccess::learn(std::string_view name, std::span<const boost::asio::ip::address> addresses) {
  if (!rules_->egress.may_look_up(name)) return;
  for (const auto& address : addresses) {
    if (learned_.size() >= kMaxLearned) learned_.pop_front();
    learned_.push_back({std::string(name), address});
  }
}

}  // namespace wisp::wasi
