#pragma once

#include "engine/module.hpp"
#include "engine/store.hpp"

namespace wisp::engine {

/// A host function made once for an import of a module and used in all stores: binding it to a store costs a
/// few nanoseconds, where wasmtime_func_new_unchecked costs 150 and a lock that all shards share.
///
/// The callback runs on the thread of the store that calls; `data` is the same for all stores, so it names
/// what is common to them, and wasmtime_context_get_data says which store it is. Outlives every store it is
/// bound to. Thread-safe.
class HostFunction {
 public:
  /// Errc::instantiation if import number `import` of `module` is no function.
  [[nodiscard]] static Result<HostFunction> create(const Module& module, std::size_t import,
                                                   wasmtime_func_unchecked_callback_t callback, void* data) {
    wisp_host_func_t* raw = wisp_host_func_new(module.raw(), import, callback, data);
    if (!raw) return fail(Errc::instantiation, "import {} of the module is no function", import);
    return HostFunction(raw);
  }

  /// The function as one of `store`; fits every import of the same core type.
  [[nodiscard]] wasmtime_func_t in(const Store& store) const noexcept {
    wasmtime_func_t bound;
    wisp_host_func_bind(store.context(), raw_.get(), &bound);
    return bound;
  }

 private:
  struct Delete {
    void operator()(wisp_host_func_t* raw) const noexcept { wisp_host_func_delete(raw); }
  };
  explicit HostFunction(wisp_host_func_t* raw) : raw_(raw) {}
  std::unique_ptr<wisp_host_func_t, Delete> raw_;
};

}  // namespace wisp::engine
