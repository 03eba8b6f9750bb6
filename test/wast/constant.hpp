#pragma once

#include "component/abi/value.hpp"

#include <boost/json/value.hpp>

namespace wisp::wast {

/// A constant of a script ({"type": "u32", "value": "7"}) as a value of `type`. "nan:canonical" and
/// "nan:arithmetic" are NaNs, which Value's comparison takes for equal. Errc::usage if the constant is of
/// another type.
[[nodiscard]] Result<component::Value> to_value(const boost::json::value& constant,
                                                const component::Type* type);

}  // namespace wisp::wast
