#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:random: random, insecure and insecure-seed of either version over the other. 0.3 may give fewer bytes
/// than asked for: 0.2 asks again until it has all, and 0.3 over 0.2 gives a megabyte at most. More than
/// asked for, or none at all, is a trap.
[[nodiscard]] std::vector<component::Bridge> random();

}  // namespace wisp::wasi::bridge
