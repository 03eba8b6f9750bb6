#include "wasi/bridge/name_lookup.hpp"

#include "wasi/bridge/new_socket_calls.hpp"
#include "wasi/bridge/pending_call.hpp"
#include "wasi/bridge/provided_sockets.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/address_stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wisp::wasi::bridge {

using component::Caller;
using component::HostFunction;
using component::ProviderRef;

namespace {

/// Addresses that are passed on at most: a provider may know no end.
constexpr std::size_t kMostAddresses = 256;

// ---- 0.2 over 0.3

using Found = std::expected<std::vector<IpAddress>, p3::LookupErrorCode>;
using Resolve = PendingCall<Found(std::string)>;

/// A provider's call that finds addresses.
class ProvidedAddresses final : public p2::AddressSource {
 public:
  explicit ProvidedAddresses(std::unique_ptr<Resolve> call) : call_(std::move(call)) {
    call_->keep([](Result<Found>& said) {
      if (!said || !*said || (*said)->size() <= kMostAddresses) return;
      (*said)->resize(kMostAddresses);
      (*said)->shrink_to_fit();
    });
  }

  [[nodiscard]] bool ready() override { return call_->ready(); }
  [[nodiscard]] Signal& changed() noexcept override { return call_->changed(); }
  [[nodiscard]] Result<Answer> at(std::size_t index) override {
    if (!found_) found_ = TRY(call_->take());
    if (!*found_) return p2::refuse(socket_error(found_->error()));
    if (index >= (*found_)->size()) return std::optional<IpAddress>();
    return std::optional((**found_)[index]);
  }

 private:
  std::unique_ptr<Resolve> call_;
  std::optional<Found> found_;
};

Result<std::unique_ptr<HostFunction>> resolve_over_0_3(const ProviderRef& from,
                                                       const std::string& interface) {
  auto resolve =
      TRY(Resolve::Function::find(from, {interface, "resolve-addresses"}, Resolve::Function::Effect::async));
  return component::make_host_function(
      [resolve = std::move(resolve)](
          Caller& caller, p2::Network&,
          std::string_view name) -> Result<p2::NetworkReply<std::unique_ptr<p2::ResolveAddressStream>>> {
        auto slot = caller.context<Context>().lookups().take();
        if (!slot) return p2::refuse(SocketError::temporary_resolver_failure);
        const auto tree = TRY(resolve.tree(caller));
        auto call = TRY(Resolve::start(caller, resolve, *tree, nullptr, std::string(name)));
        return std::make_unique<p2::ResolveAddressStream>(
            std::make_shared<ProvidedAddresses>(std::move(call)), *std::move(slot));
      });
}

// ---- 0.3 over 0.2

using component::Foreign;
using component::Lent;
using component::ProviderFunction;
using component::ProviderQueue;

struct Resolving {
  using Start = ProviderFunction<p2::NetworkReply<Foreign<OldAddresses>>(Lent<OldNetwork>, std::string)>;
  OldNetworks networks;
  Start start;
  Method<OldAddresses, p2::NetworkReply<std::optional<IpAddress>>> next;
  Method<OldAddresses, std::unique_ptr<p2::Pollable>> subscribe;
};

Found refused(SocketError error) { return std::unexpected(p3::to_lookup_error(error)); }

boost::asio::awaitable<Result<Found>> collect(Foreign<OldAddresses> stream,
                                              std::shared_ptr<ProviderQueue> queue,
                                              std::shared_ptr<const Resolving> by, Quota::Slot) {
  std::vector<IpAddress> addresses;
  bool waited = false;
  while (addresses.size() < kMostAddresses) {
    const auto next = CO_TRY(co_await queue->call(by->next, stream));
    if (next && !*next) break;
    if (next) {
      addresses.push_back(**next);
      waited = false;
    } else if (socket_error(next.error()) != SocketError::would_block) {
      co_return refused(socket_error(next.error()));
    } else {
      if (waited) co_await pause_for(queue->tree()->shard().loop(), kPause);
      auto pollable = CO_TRY(co_await queue->call(by->subscribe, stream));
      CO_TRY(co_await pollable_ready(std::move(pollable)));
      waited = true;
    }
  }
  if (addresses.empty()) co_return refused(SocketError::name_unresolvable);
  co_return addresses;
}

Result<std::unique_ptr<HostFunction>> resolve_over_0_2(const ProviderRef& from,
                                                       const std::string& interface) {
  auto by = std::make_shared<const Resolving>(Resolving {
    TRY(OldNetworks::find(from))
    , TRY(Resolving::Start::find(from, {interface, "resolve-addresses"}))
    , TRY((find_method<OldAddresses, p2::NetworkReply<std::optional<IpAddress>>>(from,
                                                                                 "resolve-next-address")))
    , TRY((find_method<OldAddresses, std::unique_ptr<p2::Pollable>>(from, "subscribe")))
  });
  return component::make_async_host_function(
      [by = std::move(by)](Caller& caller, std::string_view name) -> component::Eventually<Found> {
        auto slot = caller.context<Context>().lookups().take();
        if (!slot) return Result<Found>(refused(SocketError::temporary_resolver_failure));
        const auto tree = by->start.tree(caller);
        if (!tree) return Result<Found>(std::unexpected(tree.error()));
        const std::string wanted(name);
        auto stream = by->networks.with(caller, **tree, [&](const Foreign<OldNetwork>& network) {
          return by->start.call_in(**tree, caller, network, wanted);
        });
        if (!stream) return Result<Found>(std::unexpected(std::move(stream).error()));
        if (!*stream) return Result<Found>(refused(socket_error(stream->error())));
        return collect(**std::move(stream), queue_for(caller, by->start, **tree), by, *std::move(slot));
      });
}

}  // namespace

std::vector<component::Bridge> name_lookup() {
  using p2::ResolveAddressStream;
  std::vector<component::Bridge> all{
      adapt("wasi:sockets/ip-name-lookup@0.3", "wasi:sockets/ip-name-lookup@0.2",
            {{.name = "resolve-addresses", .stand_in = {}, .make = resolve_over_0_2}}),
      adapt("wasi:sockets/ip-name-lookup@0.2", "wasi:sockets/ip-name-lookup@0.3",
            {{.name = "resolve-addresses", .stand_in = {}, .make = resolve_over_0_3},
             of_bridge("[method]resolve-address-stream.resolve-next-address",
                       [](Caller&, ResolveAddressStream& self) { return self.next(); }),
             of_bridge("[method]resolve-address-stream.subscribe",
                       [](Caller&, ResolveAddressStream& self) { return self.subscribe(); })})};
  for (auto& bridge : all) bridge.family = kSockets;
  all.front().defines = OldAddresses::kName;
  return all;
}

}  // namespace wisp::wasi::bridge
