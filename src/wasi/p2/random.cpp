#include "wasi/system/random.hpp"

#include "wasi/context.hpp"
#include "wasi/p2/faces.hpp"

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

// Exactly as many as asked for, or a trap.
Result<Bytes> random_bytes(Caller& caller, std::uint64_t length) {
  const auto limit = caller.context<Context>().setup().limits.random_bytes;
  if (length > limit)
    return fail(Errc::trap_limit, "{} random bytes at once; at most {} are given", length, limit);
  Bytes bytes(static_cast<std::size_t>(length));
  fill_random(bytes);
  return bytes;
}

std::uint64_t random_number(Caller&) { return random_u64(); }

}  // namespace

void add_random(component::HostLinker& linker) {
  linker.interface("wasi:random/random@0.2.12")
      .function("get-random-bytes", random_bytes)
      .function("get-random-u64", random_number);
  // Nothing is gained by being less random.
  linker.interface("wasi:random/insecure@0.2.12")
      .function("get-insecure-random-bytes", random_bytes)
      .function("get-insecure-random-u64", random_number);
  linker.interface("wasi:random/insecure-seed@0.2.12").function("insecure-seed", [](Caller& caller) {
    return caller.context<Context>().insecure_seed();
  });
}

}  // namespace wisp::wasi::p2
