#include "wasi/bridge/random.hpp"

#include "wasi/bridge/adapter.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/wait.hpp"

#include <algorithm>

namespace wisp::wasi::bridge {

using component::Caller;
using component::HostFunction;
using component::ProviderRef;

namespace {

using GetBytes = component::ProviderFunction<Bytes(std::uint64_t)>;

constexpr std::uint64_t kMost = 1 << 20;  // of one call of 0.3: its providers fill memory of their own
constexpr int kCallsATurn = 16;           // answers that are too short, before the loop must turn

Result<Bytes> ask(const GetBytes& provider, component::Tree& tree, Caller& caller, std::uint64_t most) {
  auto bytes = TRY(provider.call_in(tree, caller, most));
  if (bytes.size() > most)
    return fail(Errc::trap_host, "{} gave {} random bytes instead of {}", provider.provider().name,
                bytes.size(), most);
  return bytes;
}

/// 0.3 over 0.2.
Adapted some_bytes(std::string name) {
  return {.name = name,
          .stand_in = {},
          .make = [name](const ProviderRef& from,
                         const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
            auto get = TRY(GetBytes::find(from, {interface, name}));
            return component::make_host_function(
                [get = std::move(get)](Caller& caller, std::uint64_t most) -> Result<Bytes> {
                  const auto limit = caller.context<Context>().setup().limits.random_bytes;
                  const auto tree = TRY(get.tree(caller));
                  return ask(get, *tree, caller, std::min({most, limit, kMost}));
                });
          }};
}

Result<Bytes> gather(const GetBytes& get, Caller& caller, std::uint64_t length) {
  const auto limit = caller.context<Context>().setup().limits.random_bytes;
  if (length > limit)
    return fail(Errc::trap_limit, "{} random bytes at once; at most {} are given", length, limit);
  const auto tree = TRY(get.tree(caller));
  Bytes all;
  for (int calls = 1; all.size() < length; ++calls) {
    const auto some = TRY(ask(get, *tree, caller, std::min(length - all.size(), kMost)));
    if (some.empty()) return fail(Errc::trap_host, "{} has no more random bytes", get.provider().name);
    all.insert(all.end(), some.begin(), some.end());
    if (calls % kCallsATurn == 0) TRY(p2::let_loop_turn(caller));
  }
  return all;
}

/// 0.2 over 0.3.
Adapted all_bytes(std::string name) {
  return {
      .name = name,
      .stand_in = {},
      .make = [name](const ProviderRef& from,
                     const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
        auto get = TRY(GetBytes::find(from, {interface, name}));
        return component::make_host_function([get = std::move(get)](Caller& caller, std::uint64_t length) {
          return gather(get, caller, length);
        });
      }};
}

}  // namespace

std::vector<component::Bridge> random() {
  return {
      adapt("wasi:random/random@0.3", "wasi:random/random@0.2",
            {some_bytes("get-random-bytes"), {.name = "get-random-u64", .stand_in = "get-random-u64"}}),
      adapt("wasi:random/random@0.2", "wasi:random/random@0.3",
            {all_bytes("get-random-bytes"), {.name = "get-random-u64", .stand_in = "get-random-u64"}}),
      adapt("wasi:random/insecure@0.3", "wasi:random/insecure@0.2",
            {some_bytes("get-insecure-random-bytes"),
             {.name = "get-insecure-random-u64", .stand_in = "get-insecure-random-u64"}}),
      adapt("wasi:random/insecure@0.2", "wasi:random/insecure@0.3",
            {all_bytes("get-insecure-random-bytes"),
             {.name = "get-insecure-random-u64", .stand_in = "get-insecure-random-u64"}}),
      adapt("wasi:random/insecure-seed@0.3", "wasi:random/insecure-seed@0.2",
            {{.name = "get-insecure-seed", .stand_in = "insecure-seed"}}),
      adapt("wasi:random/insecure-seed@0.2", "wasi:random/insecure-seed@0.3",
            {{.name = "insecure-seed", .stand_in = "get-insecure-seed"}}),
  };
}

}  // namespace wisp::wasi::bridge
