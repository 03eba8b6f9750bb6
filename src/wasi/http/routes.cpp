#include "wasi/http/routes.hpp"

#include <algorithm>

namespace wisp::wasi::http {

Routes::Routes(component::Shard& shard, std::shared_ptr<const RouteTable> table, Options options,
               unsigned level)
    : shard_(shard),
      table_(std::move(table)),
      options_(std::move(options)),
      level_(level),
      handlers_(table_->size()) {}

const Route* Routes::find(const OutgoingRequest& request) const {
  if (table_->empty() || !request.authority) return nullptr;
  auto target = net::http::parse_authority(*request.authority);
  if (!target) return nullptr;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  std::ranges::transform(target->host, target->host.begin(), lower);
  std::string scheme = request.scheme.value_or("https");
  std::ranges::transform(scheme, scheme.begin(), lower);
  const std::uint16_t port = target->port.value_or(scheme == "http" ? 80 : 443);
  const Route* found = nullptr;
  for (const auto& route : *table_) {
    if (route.host != target->host) continue;
    if (route.port == port) return &route;
    if (!route.port && found == nullptr) found = &route;
  }
  return found;
}

std::shared_ptr<LocalHandler> Routes::handler(const Route& route) {
  if (level_ >= kLevels) return nullptr;
  auto& handler = handlers_[static_cast<std::size_t>(&route - table_->data())];
  if (!handler) {
    if (!next_) next_ = std::make_shared<Routes>(shard_, table_, options_, level_ + 1);
    handler = std::make_shared<LocalHandler>(
        shard_, route.face,
        [make = options_.make_context, next = next_]() -> Result<std::shared_ptr<component::HostContext>> {
          if (!make) return nullptr;
          return make(next);
        },
        LocalHandler::Options{.name = route.name,
                              .trees = options_.trees,
                              .pool = route.pool,
                              .queue = route.queue,
                              .on_failure = options_.on_failure});
  }
  return handler;
}

void Routes::trim(std::chrono::steady_clock::time_point time) {
  for (const auto& handler : handlers_) {
    if (handler) handler->trim(time);
  }
  if (next_) next_->trim(time);
}

}  // namespace wisp::wasi::http
