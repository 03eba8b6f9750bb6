#pragma once

#include "base/error.hpp"

#include <fmt/format.h>

#include <expected>
#include <type_traits>
#include <utility>

namespace wisp {

/// A value or an Error. Must be looked at.
template <class T = void>
using Result = std::expected<T, Error>;

using Unexpected = std::unexpected<Error>;

/// `return fail(Errc::malformed, "section {} is too long", id);`
template <class... Args>
[[nodiscard]] Unexpected fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return Unexpected(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

namespace detail {
template <class R>
auto take(R&& result) {
  if constexpr (std::is_void_v<typename std::remove_cvref_t<R>::value_type>) {
    return;
  } else {
    return *std::forward<R>(result);
  }
}
}  // namespace detail

}  // namespace wisp

// A name of its own for each use, so that a TRY inside a TRY's argument shadows nothing.
#define WISP_JOIN_(a, b) a##b
#define WISP_JOIN(a, b) WISP_JOIN_(a, b)
#define WISP_TRY_(name, leave, ...)                       \
  ({                                                      \
    auto name = (__VA_ARGS__);                            \
    if (!name.has_value()) [[unlikely]]                   \
      leave ::std::unexpected(::std::move(name).error()); \
    ::wisp::detail::take(::std::move(name));              \
  })

/// `auto x = TRY(f());` passes an error up, else yields the value. References are passed on as pointers by
/// the callee.
#define TRY(...) WISP_TRY_(WISP_JOIN(try_, __COUNTER__), return, __VA_ARGS__)

/// TRY inside a coroutine that returns awaitable<Result<…>>; the argument may contain co_await.
#define CO_TRY(...) WISP_TRY_(WISP_JOIN(try_, __COUNTER__), co_return, __VA_ARGS__)
