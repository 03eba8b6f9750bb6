#include "component/binary/canon.hpp"

#include "component/binary/core_types.hpp"
#include "component/binary/declarations.hpp"

#include <algorithm>
#include <array>

namespace wisp::component::decoding {
namespace {

using ast::Builtin;

/// What follows the opcode.
enum class Shape : std::uint8_t {
  none,
  type,
  type_options,
  type_async,
  async,
  cancel,
  cancel_memory,
  slot,
  result_options,
  options,
  type_table,
  shared_type,
  shared_type_table,
  shared,
};

struct Row {
  std::uint8_t opcode;
  Builtin builtin;
  Shape shape;
};

constexpr std::array kRows{
    Row{0x02, Builtin::resource_new, Shape::type},
    Row{0x03, Builtin::resource_drop, Shape::type},
    Row{0x04, Builtin::resource_rep, Shape::type},
    Row{0x05, Builtin::task_cancel, Shape::none},
    Row{0x06, Builtin::subtask_cancel, Shape::async},
    Row{0x09, Builtin::task_return, Shape::result_options},
    Row{0x0a, Builtin::context_get, Shape::slot},
    Row{0x0b, Builtin::context_set, Shape::slot},
    Row{0x0c, Builtin::thread_yield, Shape::cancel},
    Row{0x0d, Builtin::subtask_drop, Shape::none},
    Row{0x0e, Builtin::stream_new, Shape::type},
    Row{0x0f, Builtin::stream_read, Shape::type_options},
    Row{0x10, Builtin::stream_write, Shape::type_options},
    Row{0x11, Builtin::stream_cancel_read, Shape::type_async},
    Row{0x12, Builtin::stream_cancel_write, Shape::type_async},
    Row{0x13, Builtin::stream_drop_readable, Shape::type},
    Row{0x14, Builtin::stream_drop_writable, Shape::type},
    Row{0x15, Builtin::future_new, Shape::type},
    Row{0x16, Builtin::future_read, Shape::type_options},
    Row{0x17, Builtin::future_write, Shape::type_options},
    Row{0x18, Builtin::future_cancel_read, Shape::type_async},
    Row{0x19, Builtin::future_cancel_write, Shape::type_async},
    Row{0x1a, Builtin::future_drop_readable, Shape::type},
    Row{0x1b, Builtin::future_drop_writable, Shape::type},
    Row{0x1c, Builtin::error_context_new, Shape::options},
    Row{0x1d, Builtin::error_context_debug_message, Shape::options},
    Row{0x1e, Builtin::error_context_drop, Shape::none},
    Row{0x1f, Builtin::waitable_set_new, Shape::none},
    Row{0x20, Builtin::waitable_set_wait, Shape::cancel_memory},
    Row{0x21, Builtin::waitable_set_poll, Shape::cancel_memory},
    Row{0x22, Builtin::waitable_set_drop, Shape::none},
    Row{0x23, Builtin::waitable_join, Shape::none},
    Row{0x24, Builtin::backpressure_inc, Shape::none},
    Row{0x25, Builtin::backpressure_dec, Shape::none},
    Row{0x26, Builtin::thread_index, Shape::none},
    Row{0x27, Builtin::thread_new_indirect, Shape::type_table},
    Row{0x28, Builtin::thread_resume_later, Shape::none},
    Row{0x29, Builtin::thread_suspend, Shape::cancel},
    Row{0x2a, Builtin::thread_suspend_then_resume, Shape::cancel},
    Row{0x2b, Builtin::thread_yield_then_resume, Shape::cancel},
    Row{0x2c, Builtin::thread_suspend_then_promote, Shape::cancel},
    Row{0x2d, Builtin::thread_yield_then_promote, Shape::cancel},
    Row{0x40, Builtin::thread_spawn_ref, Shape::shared_type},
    Row{0x41, Builtin::thread_spawn_indirect, Shape::shared_type_table},
    Row{0x42, Builtin::thread_available_parallelism, Shape::shared},
};

Result<> read_option(Reader& in, ast::CanonOptions& options) {
  const auto kind = TRY(in.byte());
  switch (kind) {
    case 0x00:
      options.encoding = ast::StringEncoding::utf8;
      return {};
    case 0x01:
      options.encoding = ast::StringEncoding::utf16;
      return {};
    case 0x02:
      options.encoding = ast::StringEncoding::latin1_utf16;
      return {};
    case 0x03:
      options.memory = TRY(in.u32());
      return {};
    case 0x04:
      options.realloc = TRY(in.u32());
      return {};
    case 0x05:
      options.post_return = TRY(in.u32());
      return {};
    case 0x06:
      options.async = true;
      return {};
    case 0x07:
      options.callback = TRY(in.u32());
      return {};
    default:
      return in.malformed("invalid leading byte {:#04x} for a canonical option", kind);
  }
}

Result<ast::CanonOptions> read_options(Reader& in) {
  ast::CanonOptions options;
  const auto count = TRY(in.count());
  for (std::uint32_t index = 0; index < count; ++index) TRY(read_option(in, options));
  return options;
}

Result<> read_immediates(Reader& in, Shape shape, ast::CanonBuiltin& canon) {
  switch (shape) {
    case Shape::none:
      return {};
    case Shape::type:
      canon.type = TRY(in.u32());
      return {};
    case Shape::type_options:
      canon.type = TRY(in.u32());
      canon.options = TRY(read_options(in));
      return {};
    case Shape::type_async:
      canon.type = TRY(in.u32());
      canon.async = TRY(in.flag("async"));
      return {};
    case Shape::async:
      canon.async = TRY(in.flag("async"));
      return {};
    case Shape::cancel:
      canon.cancellable = TRY(in.flag("cancellable"));
      return {};
    case Shape::cancel_memory:
      canon.cancellable = TRY(in.flag("cancellable"));
      canon.memory = TRY(in.u32());
      return {};
    case Shape::slot:
      canon.slot64 = TRY(read_is_i64(in));
      canon.slot = TRY(in.u32());
      return {};
    case Shape::result_options:
      canon.result = TRY(read_result_list(in));
      canon.options = TRY(read_options(in));
      return {};
    case Shape::options:
      canon.options = TRY(read_options(in));
      return {};
    case Shape::type_table:
      canon.type = TRY(in.u32());
      canon.table = TRY(in.u32());
      return {};
    case Shape::shared_type:
      canon.shared = TRY(in.flag("shared"));
      canon.type = TRY(in.u32());
      return {};
    case Shape::shared_type_table:
      canon.shared = TRY(in.flag("shared"));
      canon.type = TRY(in.u32());
      canon.table = TRY(in.u32());
      return {};
    case Shape::shared:
      canon.shared = TRY(in.flag("shared"));
      return {};
  }
  return {};
}

}  // namespace

Result<ast::Canon> read_canon(Reader& in) {
  const auto opcode = TRY(in.byte());
  if (opcode <= 0x01) {
    if (TRY(in.byte()) != 0x00) return in.malformed("only functions are lifted and lowered");
    const auto func = TRY(in.u32());
    const auto options = TRY(read_options(in));
    if (opcode == 0x01) return ast::CanonLower{func, options};
    return ast::CanonLift { func, options, TRY(in.u32()) };
  }
  const auto row = std::ranges::find(kRows, opcode, &Row::opcode);
  if (row == kRows.end())
    return in.malformed("invalid leading byte {:#04x} for a canonical function", opcode);
  ast::CanonBuiltin canon{.builtin = row->builtin};
  TRY(read_immediates(in, row->shape, canon));
  return canon;
}

}  // namespace wisp::component::decoding
