// libc++'s abort path would pull in stdio and with it the imports of WASI preview 1; a trap is enough for a
// guest.
#include <__verbose_abort>

_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD

extern "C" [[noreturn]] void __abort_message(const char*, ...) { __builtin_trap(); }
