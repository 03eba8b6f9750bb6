#pragma once

#include <string>

namespace wisp::component {

/// A message that goes with an error (📝; Canonical ABI, ErrorContext). Owned by a handle; a value that
/// leaves its instance is a copy.
struct ErrorContext {
  std::string message;  ///< UTF-8
};

}  // namespace wisp::component
