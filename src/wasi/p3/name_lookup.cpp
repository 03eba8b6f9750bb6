// wasi:sockets/ip-name-lookup over NameLookup.
#include "component/link/host.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/sockets.hpp"
#include "wasi/p3/wait.hpp"
#include "wasi/sockets/lookup.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace wisp::wasi::p3 {

using component::Caller;
using component::Eventually;

namespace {

using Found = std::expected<std::vector<IpAddress>, LookupErrorCode>;

Found refuse_lookup(SocketError error) { return std::unexpected(to_lookup_error(error)); }

Found found(const NameLookup& lookup) {
  const auto& result = lookup.result();
  if (!result) return refuse_lookup(result.error());
  if (result->empty()) return refuse_lookup(SocketError::name_unresolvable);
  std::vector<IpAddress> addresses;
  addresses.reserve(result->size());
  for (const auto& address : *result) addresses.push_back(from_core(address));
  return addresses;
}

boost::asio::awaitable<Result<Found>> finish(std::shared_ptr<NameLookup> lookup, Quota::Slot) {
  if (!co_await until_ready(*lookup)) co_return fail(Errc::cancelled, "the look-up was cancelled");
  co_return found(*lookup);
}

Eventually<Found> resolve_addresses(Caller& caller, std::string_view name) {
  auto& context = caller.context<Context>();
  auto slot = context.lookups().take();
  if (!slot) return Result<Found>(refuse_lookup(SocketError::temporary_resolver_failure));
  auto lookup = NameLookup::start(caller.loop(), context.setup().resolver, context.network(), name);
  if (!lookup) return Result<Found>(refuse_lookup(lookup.error()));
  if ((*lookup)->ready()) return Result<Found>(found(**lookup));
  return finish(std::move(*lookup), std::move(*slot));
}

}  // namespace

void add_name_lookup(component::HostLinker& linker) {
  linker.interface("wasi:sockets/ip-name-lookup@0.3.2")
      .async_function("resolve-addresses", resolve_addresses);
}

}  // namespace wisp::wasi::p3
