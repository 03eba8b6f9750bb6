#include "wasi/system/random.hpp"

#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"

#include <algorithm>

namespace wisp::wasi::p3 {

using component::Caller;

namespace {

// 0.3 allows fewer than asked for, so the limit is where an answer ends, not a trap.
Bytes random_bytes(Caller& caller, std::uint64_t most) {
  const auto limit = caller.context<Context>().setup().limits.random_bytes;
  Bytes bytes(static_cast<std::size_t>(std::min(most, limit)));
  fill_random(bytes);
  return bytes;
}

std::uint64_t random_number(Caller&) { return random_u64(); }

}  // namespace

void add_random(component::HostLinker& linker) {
  linker.interface("wasi:random/random@0.3.2")
      .function("get-random-bytes", random_bytes)
      .function("get-random-u64", random_number);
  // Nothing is gained by being less random.
  linker.interface("wasi:random/insecure@0.3.2")
      .function("get-insecure-random-bytes", random_bytes)
      .function("get-insecure-random-u64", random_number);
  linker.interface("wasi:random/insecure-seed@0.3.2").function("get-insecure-seed", [](Caller& caller) {
    return caller.context<Context>().insecure_seed();
  });
}

}  // namespace wisp::wasi::p3
