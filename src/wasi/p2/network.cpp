// wasi:sockets network, instance-network and ip-name-lookup.
#include "wasi/context.hpp"
#include "wasi/p2/address_stream.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/sockets.hpp"
#include "wasi/sockets/lookup.hpp"

#include <memory>
#include <optional>
#include <string>

namespace wisp::wasi::p2 {

using component::Caller;

NetworkErrorCode to_network_error(SocketError error) noexcept {
  if (error == SocketError::connection_broken) error = SocketError::unknown;
  return static_cast<NetworkErrorCode>(error);
}

Refusal<NetworkErrorCode> refuse(SocketError error) noexcept { return Refusal(to_network_error(error)); }

namespace {

class LookedUp final : public AddressSource {
 public:
  explicit LookedUp(std::shared_ptr<NameLookup> lookup) : lookup_(std::move(lookup)) {}
  [[nodiscard]] bool ready() override { return lookup_->ready(); }
  [[nodiscard]] Signal& changed() noexcept override { return lookup_->changed(); }
  [[nodiscard]] Result<Answer> at(std::size_t index) override {
    const auto& result = lookup_->result();
    if (!result) return refuse(result.error());
    if (index >= result->size()) return std::optional<IpAddress>();
    return std::optional(from_core((*result)[index]));
  }

 private:
  std::shared_ptr<NameLookup> lookup_;
};

NetworkReply<std::unique_ptr<ResolveAddressStream>> resolve_addresses(Caller& caller, Network&,
                                                                      std::string_view name) {
  auto& context = caller.context<Context>();
  auto slot = context.lookups().take();
  if (!slot) return refuse(SocketError::temporary_resolver_failure);
  auto lookup = NameLookup::start(caller.loop(), context.setup().resolver, context.network(), name);
  if (!lookup) return refuse(lookup.error());
  return std::make_unique<ResolveAddressStream>(std::make_shared<LookedUp>(std::move(*lookup)),
                                                *std::move(slot));
}

}  // namespace

void add_network(component::HostLinker& linker, const Options& options) {
  auto& network = linker.interface("wasi:sockets/network@0.2.12");
  network.resource<Network>("network").resource<IoError>("error");
  if (options.network_error_code) {
    network.function("network-error-code", [](Caller&, IoError& error) -> std::optional<NetworkErrorCode> {
      const auto* code = error.failure().as<SocketError>();
      if (code == nullptr) return std::nullopt;
      return to_network_error(*code);
    });
  } else {
    network.gated("network-error-code", "--wasi network-error-code");
  }
  linker.interface("wasi:sockets/instance-network@0.2.12")
      .resource<Network>("network")
      .function("instance-network", [](Caller&) { return std::make_unique<Network>(); });
  linker.interface("wasi:sockets/ip-name-lookup@0.2.12")
      .resource<Network>("network")
      .resource<Pollable>("pollable")
      .resource<ResolveAddressStream>("resolve-address-stream")
      .function("resolve-addresses", resolve_addresses)
      .function("[method]resolve-address-stream.resolve-next-address",
                [](Caller&, ResolveAddressStream& self) { return self.next(); })
      .function("[method]resolve-address-stream.subscribe",
                [](Caller&, ResolveAddressStream& self) { return self.subscribe(); });
}

}  // namespace wisp::wasi::p2
