#include "cli/json.hpp"

#include <boost/json/serialize.hpp>

namespace wisp::cli {

std::string json_line(const boost::json::value& value) { return boost::json::serialize(value) + "\n"; }

}  // namespace wisp::cli
