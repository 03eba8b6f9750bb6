#pragma once

#include "component/instance/caller.hpp"
#include "wasi/context.hpp"
#include "wasi/filesystem/error.hpp"
#include "wasi/io/readiness.hpp"

#include <type_traits>
#include <utility>

/// How the synchronous functions of WASI 0.2 wait: the guest pauses, its shard goes on. All on the guest's
/// fiber.
namespace wisp::wasi::p2 {

/// Returns once `readiness` is ready. An Error means that the call is cancelled.
[[nodiscard]] Result<> wait_for(component::Caller& caller, Readiness& readiness);

/// Lets the loop turn once, for a guest that asks again and again without waiting.
[[nodiscard]] Result<> let_loop_turn(component::Caller& caller);

/// Makes a blocking file call, inline or on the pool, as the context says. `call` returns an FsResult and
/// owns what it uses: it may outlive the guest.
template <class F>
[[nodiscard]] Result<std::invoke_result_t<F&>> run_blocking(component::Caller& caller, F call) {
  const Blocking blocking = caller.context<Context>().blocking();
  if (blocking.pool == nullptr) return call();
  const auto job = blocking.pool->start(caller.loop(), std::move(call));
  if (!job) return std::invoke_result_t<F&>(std::unexpected(FsError::busy));
  TRY(wait_for(caller, *job));
  return std::move(*job->result);
}

}  // namespace wisp::wasi::p2
