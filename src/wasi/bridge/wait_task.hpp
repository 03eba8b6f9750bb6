#pragma once

#include "component/link/provider_call.hpp"
#include "wasi/io/readiness.hpp"

namespace wisp::wasi::bridge {

/// An async function of a provider that waits for a point in time.
using Wait = component::ProviderFunction<void(std::uint64_t)>;

/// Calls of waits that one caller has in flight, each in an instance of its own; more share one.
inline constexpr std::size_t kWaitInstances = 64;

/// Starts `wait` in the caller's name, on its fiber; ready once it has returned. When it goes, so does the
/// call: it is cancelled. A provider that traps ends the caller, which has nobody else to ask for the time.
[[nodiscard]] Result<std::shared_ptr<Readiness>> start_wait(component::Caller& caller, const Wait& wait,
                                                            std::uint64_t argument);

}  // namespace wisp::wasi::bridge
