#pragma once

#include "cli/text.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace wisp::cli {

/// A JSON string of whatever `text` holds.
[[nodiscard]] inline boost::json::string json_text(std::string_view text) {
  return boost::json::string(well_formed(text));
}

/// One line.
[[nodiscard]] std::string json_line(const boost::json::value& value);

}  // namespace wisp::cli
