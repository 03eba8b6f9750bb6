#include "engine/host_function.hpp"

#include "engine/testing.hpp"

#include <thread>

namespace wisp::engine {
namespace {

using testing::must;

/// Traps with what `data` and the store's own data say.
wasm_trap_t* tell(void* data, wasmtime_caller_t* caller, wasmtime_val_raw_t*, std::size_t) {
  const auto* store = static_cast<const char*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  return make_trap(Error(Errc::trap_host, fmt::format("{} in {}", static_cast<const char*>(data), store)));
}

class HostFunctionTest : public ::testing::Test {
 protected:
  std::string call(char* name, const HostFunction& function) {
    Store store(*engine_, name, {}, nullptr);
    const wasmtime_extern_t import{.kind = WASMTIME_EXTERN_FUNC, .of = {.func = function.in(store)}};
    const auto instance = must(store.instantiate(*module_, {&import, 1}));
    wasmtime_extern_t item;
    EXPECT_TRUE(wasmtime_instance_export_get(store.context(), &instance, "refuse", 6, &item));
    const auto result = store.call(item.of.func, nullptr, 0);
    return result ? "returned" : result.error().message();
  }

  std::shared_ptr<Engine> engine_ = must(Engine::create(testing::small_pool()));
  std::shared_ptr<const Module> module_ = must(Module::compile(*engine_, testing::wasm("basic")));
  std::string data_ = "called";
};

TEST_F(HostFunctionTest, ServesManyStores) {
  const auto function = must(HostFunction::create(*module_, 0, tell, data_.data()));
  std::string a = "one";
  std::string b = "two";
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(call(a.data(), function), "called in one");
    EXPECT_EQ(call(b.data(), function), "called in two");
  }
}

TEST_F(HostFunctionTest, CanBeCalledByTheHost) {
  const auto function = must(HostFunction::create(*module_, 0, tell, data_.data()));
  std::string name = "one";
  Store store(*engine_, name.data(), {}, nullptr);
  const auto result = store.call(function.in(store), nullptr, 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "called in one");
}

TEST_F(HostFunctionTest, ServesStoresOfSeveralThreads) {
  const auto function = must(HostFunction::create(*module_, 0, tell, data_.data()));
  const auto work = [&](std::string name) {
    for (int round = 0; round < 100; ++round) EXPECT_EQ(call(name.data(), function), "called in " + name);
  };
  std::thread one(work, "one");
  std::thread two(work, "two");
  one.join();
  two.join();
}

TEST_F(HostFunctionTest, NeedsAnImportedFunction) {
  EXPECT_FALSE(HostFunction::create(*module_, 1, tell, nullptr));
  const auto other = must(Module::compile(*engine_, testing::wasm("big_memory")));
  EXPECT_FALSE(HostFunction::create(*other, 0, tell, nullptr));
}

}  // namespace
}  // namespace wisp::engine
