#include "component/link/invoke.hpp"

#include "component/instance/call_side.hpp"

namespace wisp::component {

namespace {

std::uint32_t align_up(std::uint32_t offset, std::uint32_t align) {
  return (offset + align - 1) & ~(align - 1);
}

/// Parameters that do not fit the flat limit lie in memory as one record.
Result<> lower_record(CallSide& side, const FuncType& type, std::span<const Value> arguments,
                      FlatSpan values) {
  std::uint32_t size = 0, align = 1;
  for (const auto& param : type.params) {
    const Layout layout = param.type->at(side.pointer());
    size = align_up(size, layout.align) + layout.size;
    align = std::max(align, layout.align);
  }
  size = align_up(size, align);
  const auto address = TRY(side.realloc(0, 0, align, size));
  TRY(side.memory().range(address, size, align));
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Type* param = type.params[i].type;
    const Layout layout = param->at(side.pointer());
    offset = align_up(static_cast<std::uint32_t>(offset), layout.align);
    TRY(store_value(side, param, arguments[i], address + offset));
    offset += layout.size;
  }
  values[0].i64 = 0;
  values[0].i32 = static_cast<std::int32_t>(address);
  return {};
}

}  // namespace

Result<std::optional<Value>> invoke(Tree& tree, GuestRun& run, const Lift& lift,
                                    std::span<const Value> arguments) {
  const FuncType& type = *lift.type;
  if (arguments.size() != type.params.size())
    return fail(Errc::usage, "the function takes {} arguments, not {}", type.params.size(), arguments.size());
  std::optional<Value> out;
  TRY(tree.call(
      run, lift,
      [&](CallSide& side, FlatSpan values) -> Result<> {
        if (lift.signature.indirect_params) return lower_record(side, type, arguments, values);
        std::size_t slot = 0;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
          const Type* param = type.params[i].type;
          TRY(lower_value(side, param, arguments[i], values.subspan(slot, param->flat_count)));
          slot += param->flat_count;
        }
        return {};
      },
      [&](CallSide& side, FlatSpan values) -> Result<> {
        if (type.result == nullptr) return {};
        if (!lift.signature.indirect_results) {
          out.emplace(TRY(lift_value(side, type.result, values)));
          return {};
        }
        const Layout layout = type.result->at(side.pointer());
        const auto address = static_cast<std::uint32_t>(values[0].i32);
        TRY(side.memory().range(address, layout.size, layout.align));
        out.emplace(TRY(load_value(side, type.result, address)));
        return {};
      }));
  return out;
}

}  // namespace wisp::component
