#pragma once

// For tests only: the modules of test/engine, and a guest whose imports block, collect garbage and call the
// test back.
#include "engine/fiber.hpp"
#include "engine/module.hpp"
#include "engine/store.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <source_location>

namespace wisp::engine::testing {

/// The value, or the test ends here with the error's text.
template <class T>
T must(Result<T> result, std::source_location where = std::source_location::current()) {
  if (!result) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << code_text(result.error().code()) << ": " << result.error().message();
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The binary of test/engine/NAME.wat.
inline std::vector<std::byte> wasm(std::string_view name) {
  std::ifstream file(fmt::format("{}/{}.wasm", WISP_WAT_DIR, name), std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// A small pool: every sanitizer's address space holds it.
inline EngineOptions small_pool() {
  return {.max_instances = 200, .max_memories = 100, .max_tables = 200, .compile_threads = 1};
}
inline EngineOptions on_demand() { return {.pooling = false, .compile_threads = 1}; }

/// How a call of a guest ended.
struct Outcome {
  bool done = false;
  std::int32_t value = 0;
  std::optional<Error> error;
};

/// Matches an Outcome that returned `value`.
inline ::testing::AssertionResult returned(const Outcome& outcome, std::int32_t value) {
  if (!outcome.done) return ::testing::AssertionFailure() << "did not end";
  if (outcome.error) return ::testing::AssertionFailure() << "failed: " << outcome.error->message();
  if (outcome.value != value) return ::testing::AssertionFailure() << "returned " << outcome.value;
  return ::testing::AssertionSuccess();
}

/// Matches an Outcome that failed with `code`.
inline ::testing::AssertionResult failed(const Outcome& outcome, Errc code) {
  if (!outcome.done) return ::testing::AssertionFailure() << "did not end";
  if (!outcome.error) return ::testing::AssertionFailure() << "returned " << outcome.value;
  if (outcome.error->code() != code) {
    return ::testing::AssertionFailure()
           << code_text(outcome.error->code()) << ": " << outcome.error->message();
  }
  return ::testing::AssertionSuccess();
}

/// A fiber that runs one closure at a time, and remembers to be cancelled.
class Stack {
 public:
  explicit Stack(FiberPool& pool) : pool_(pool), fiber_(must(pool.take())) {}
  ~Stack() {
    EXPECT_TRUE(fiber_->idle());
    if (fiber_->idle()) pool_.give(fiber_);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void start(std::function<void()> body) {
    body_ = std::move(body);
    switch_in([this] { fiber_->start([](void* self) { static_cast<Stack*>(self)->body_(); }, this); });
  }
  void resume() {
    switch_in([this] { fiber_->resume(); });
  }

  /// Resumes; the blocked import traps.
  void cancel() {
    cancelled_ = true;
    resume();
  }

  bool parked() const { return fiber_->parked(); }

  /// The stack this thread runs on, or null.
  static Stack* current() { return running_; }

  /// Parks the current stack. False: cancelled.
  static bool park() {
    Stack* self = running_;
    Fiber::park();
    return !std::exchange(self->cancelled_, false);
  }

 private:
  template <class F>
  void switch_in(F&& enter) {
    Stack* const before = std::exchange(running_, this);
    enter();
    running_ = before;
  }

  static inline thread_local Stack* running_ = nullptr;
  FiberPool& pool_;
  Fiber* fiber_;
  std::function<void()> body_;
  bool cancelled_ = false;
};

/// A store with one instance of test/engine/stacks.wat.
class Guest {
 public:
  Guest(const Engine& engine, const Module& module, Preemption* preemption = nullptr, StoreLimits limits = {})
      : store_(engine, this, limits, preemption) {
    const std::array callbacks{block, collect, reenter};
    std::array<wasmtime_extern_t, 3> imports;
    wasm_functype_t* type = wasm_functype_new_0_0();
    for (std::size_t i = 0; i < callbacks.size(); ++i) {
      imports[i].kind = WASMTIME_EXTERN_FUNC;
      wasmtime_func_new_unchecked(context(), type, callbacks[i], nullptr, nullptr, &imports[i].of.func);
      functions_[i] = imports[i].of.func;
    }
    wasm_functype_delete(type);
    instance_ = must(store_.instantiate(module, imports));
  }

  wasmtime_context_t* context() { return store_.context(); }
  Store& store() { return store_; }

  /// The imports themselves: a call of one from the host has no guest frame.
  const wasmtime_func_t& block_function() const { return functions_[0]; }
  const wasmtime_func_t& reenter_function() const { return functions_[2]; }

  wasmtime_func_t function(const char* name) {
    wasmtime_extern_t item;
    EXPECT_TRUE(wasmtime_instance_export_get(context(), &instance_, name, std::strlen(name), &item)) << name;
    return item.of.func;
  }

  Outcome call(const char* name, std::int32_t argument = 0) {
    wasmtime_val_raw_t value{.i32 = argument};
    return call(function(name), &value);
  }
  Outcome call(const wasmtime_func_t& callee, wasmtime_val_raw_t* value) {
    Outcome outcome;
    if (auto result = store_.call(callee, value, 1); !result) outcome.error = std::move(result).error();
    outcome.value = value->i32;
    outcome.done = true;
    return outcome;
  }

  /// A body for a Stack: calls `name` and leaves the outcome in `out`.
  std::function<void()> job(Outcome& out, const char* name, std::int32_t argument = 0) {
    out = {};
    return [this, &out, name, argument] { out = call(name, argument); };
  }

  void collect_garbage() {
    if (auto* error = wasmtime_context_gc(context())) ADD_FAILURE() << take_trap(error, nullptr).message();
  }

  /// Collections and 40,000 allocations on a stack of their own: what was not traced is overwritten.
  void pressure(FiberPool& pool) {
    Stack stack(pool);
    stack.start([this] {
      for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(call("collect").done);
        EXPECT_FALSE(call("churn").error);
      }
    });
    EXPECT_FALSE(stack.parked());
  }

  /// What the import "reenter" does.
  std::function<Result<>()> on_reenter = [] { return Result<>{}; };

  /// Asked before each collection that the guest wants.
  std::function<bool()> may_collect = [] { return true; };

 private:
  static Guest& of(wasmtime_caller_t* caller) {
    return *static_cast<Guest*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  }
  static wasm_trap_t* block(void*, wasmtime_caller_t*, wasmtime_val_raw_t*, std::size_t) {
    if (!Stack::current()) return nullptr;
    return Stack::park() ? nullptr : make_trap(Error(Errc::cancelled, "cancelled by the test"));
  }
  static wasm_trap_t* collect(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t*, std::size_t) {
    Guest& guest = of(caller);
    if (guest.may_collect()) guest.collect_garbage();
    return nullptr;
  }
  static wasm_trap_t* reenter(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t*, std::size_t) {
    const auto callback = of(caller).on_reenter;  // a copy: it may replace itself
    auto result = callback();
    return result ? nullptr : make_trap(std::move(result).error());
  }

  Store store_;
  wasmtime_instance_t instance_;
  std::array<wasmtime_func_t, 3> functions_;
};

/// For each way to allocate instances: an engine, the guest's module, a pool of fibers.
class FiberWorld : public ::testing::TestWithParam<const char*> {
 protected:
  FiberWorld()
      : engine_(must(Engine::create(std::string_view(GetParam()) == "pooling" ? small_pool() : on_demand()))),
        module_(must(Module::compile(*engine_, wasm("stacks")))) {}

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<const Module> module_;
  FiberPool pool_;
};

inline auto both_allocators() { return ::testing::Values("pooling", "on_demand"); }
inline std::string allocator_name(const ::testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace wisp::engine::testing
