#include "engine/store.hpp"
#include "engine/testing.hpp"

#include <sys/resource.h>

#include <chrono>
#include <thread>

namespace wisp::engine {
namespace {

using testing::must;

wasm_trap_t* refuse(void*, wasmtime_caller_t*, wasmtime_val_raw_t*, std::size_t) {
  Error error = Error(Errc::guest_exit, "enough").with("who", "the host");
  error.set_exit_status(3);
  return make_trap(std::move(error));
}

/// An instance of test/engine/basic.wat in a store of its own.
class Basic {
 public:
  Basic(const Engine& engine, const Module& module, StoreLimits limits = {}, Preemption* preemption = nullptr)
      : store(engine, nullptr, limits, preemption) {
    wasmtime_extern_t import{.kind = WASMTIME_EXTERN_FUNC, .of = {}};
    wasm_functype_t* type = wasm_functype_new_0_0();
    wasmtime_func_new_unchecked(store.context(), type, refuse, nullptr, nullptr, &import.of.func);
    wasm_functype_delete(type);
    instance = must(store.instantiate(module, {&import, 1}));
  }

  Result<std::int32_t> call(const char* name, std::int32_t a = 0, std::int32_t b = 0) {
    wasmtime_extern_t item;
    EXPECT_TRUE(wasmtime_instance_export_get(store.context(), &instance, name, std::strlen(name), &item))
        << name;
    std::array<wasmtime_val_raw_t, 2> values{{{.i32 = a}, {.i32 = b}}};
    TRY(store.call(item.of.func, values.data(), values.size()));
    return values[0].i32;
  }

  Store store;
  wasmtime_instance_t instance;
};

class StoreTest : public ::testing::Test {
 protected:
  std::shared_ptr<Engine> engine_ = must(Engine::create(testing::small_pool()));
  std::shared_ptr<const Module> basic_ = must(Module::compile(*engine_, testing::wasm("basic")));
};

TEST_F(StoreTest, CallsAndTraps) {
  struct Row {
    const char* name;
    std::int32_t a;
    std::int32_t b;
    std::optional<Errc> code;
    std::string_view frame;
  };
  constexpr std::array rows = {
      Row{"add", 40, 2, {}, ""},
      Row{"unreachable", 0, 0, Errc::trap_unreachable, "!trap"},
      Row{"outer", 0, 0, Errc::trap_unreachable, "!outer"},
      Row{"load", 1 << 16, 0, Errc::trap_memory, "- <unknown>!"},
      Row{"load", -1, 0, Errc::trap_memory, "- <unknown>!"},
      Row{"divide", 1, 0, Errc::trap, "- <unknown>!"},
      Row{"recurse", 0, 0, Errc::trap_stack, "!recurse"},
      Row{"refuse", 0, 0, Errc::guest_exit, "- <unknown>!"},
  };
  Basic guest(*engine_, *basic_);
  for (const Row& row : rows) {
    const auto result = guest.call(row.name, row.a, row.b);
    ASSERT_EQ(result.has_value(), !row.code) << row.name;
    if (result) {
      EXPECT_EQ(*result, row.a + row.b) << row.name;
      continue;
    }
    const Error& error = result.error();
    EXPECT_EQ(error.code(), *row.code) << row.name << ": " << error.message();
    EXPECT_TRUE(error.backtrace().contains(row.frame)) << row.name << ":\n" << error.backtrace();
    EXPECT_FALSE(error.message().contains("backtrace")) << error.message();
    EXPECT_FALSE(error.message().contains("wasm trap")) << error.message();
  }
}

TEST_F(StoreTest, KeepsTheErrorOfAHostFunctionWhole) {
  Basic guest(*engine_, *basic_);
  const auto result = guest.call("refuse");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "enough");
  EXPECT_EQ(result.error().exit_status(), 3);
  EXPECT_EQ(result.error().details().at(0).text, "the host");
}

TEST_F(StoreTest, CountsMemoryAndTablesTogether) {
  constexpr std::uint64_t kPage = 64 << 10;
  Basic guest(*engine_, *basic_, {.memory_bytes = 10 * kPage, .table_elements = 100});
  EXPECT_EQ(guest.store.memory_used(), kPage);
  EXPECT_EQ(must(guest.call("grow", 4)), 1);
  EXPECT_EQ(guest.store.memory_used(), 5 * kPage);
  EXPECT_EQ(must(guest.call("grow", 6)), -1) << "one page too many";
  EXPECT_EQ(guest.store.memory_used(), 5 * kPage);
  EXPECT_EQ(guest.store.growths_denied(), 1u);
  EXPECT_EQ(must(guest.call("grow", 70'000)), -1) << "beyond what 32 bits address: not counted";
  EXPECT_EQ(must(guest.call("grow_table", 98)), 1);
  EXPECT_EQ(must(guest.call("grow_table", 2)), -1);
  EXPECT_EQ(guest.store.growths_denied(), 2u);
}

TEST_F(StoreTest, InstantiationSaysWhyNot) {
  const auto big = must(Module::compile(*engine_, testing::wasm("big_memory")));
  const auto start_traps = must(Module::compile(*engine_, testing::wasm("start_traps")));
  struct Row {
    const char* name;
    const Module& module;
    StoreLimits limits;
    Errc code;
  };
  const std::array rows = {
      Row{"memory above the limit", *big, {.memory_bytes = 1 << 20}, Errc::memory_limit},
      Row{"no instance allowed", *big, {.instances = 0}, Errc::trap_limit},
      Row{"no memory allowed", *big, {.memories = 0}, Errc::trap_limit},
      Row{"imports missing", *basic_, {}, Errc::instantiation},
      Row{"start function traps", *start_traps, {}, Errc::trap_unreachable},
  };
  for (const Row& row : rows) {
    Store store(*engine_, nullptr, row.limits, nullptr);
    const auto result = store.instantiate(row.module, {});
    ASSERT_FALSE(result) << row.name;
    EXPECT_EQ(result.error().code(), row.code) << row.name << ": " << result.error().message();
  }
}

TEST_F(StoreTest, AFullPoolIsNoCapacity) {
  auto options = testing::small_pool();
  options.max_memories = 16;
  const auto engine = must(Engine::create(options));
  const auto module = must(Module::compile(*engine, testing::wasm("big_memory")));
  std::vector<std::unique_ptr<Store>> stores;
  for (std::uint32_t i = 0; i < options.max_memories; ++i) {
    must(stores.emplace_back(new Store(*engine, nullptr, {}, nullptr))->instantiate(*module, {}));
  }
  Store extra(*engine, nullptr, {}, nullptr);
  const auto result = extra.instantiate(*module, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::no_capacity);

  stores.pop_back();
  Store next(*engine, nullptr, {}, nullptr);
  EXPECT_TRUE(next.instantiate(*module, {}));
}

/// The pool hands a slot to the next tenant as if it were new, whichever pages the tenant before wrote.
TEST_F(StoreTest, AReusedSlotIsNewAgain) {
  constexpr std::size_t kPage = 4096;
  struct Row {
    const char* name;
    std::size_t stride;  // pages from one dirty page to the next
    std::size_t first;
  };
  constexpr std::array rows = {
      Row{"all pages", 1, 0},
      Row{"every second page: more regions than one scan reports", 2, 0},
      Row{"few pages at the start", 400, 0},
      Row{"few pages, none at the start", 100, 77},
      Row{"the last page", 1'000, 335},
  };
  for (const bool scan : {true, false}) {
    auto options = testing::small_pool();
    options.scan_dirty_pages = scan;
    const auto engine = must(Engine::create(options));
    const auto module = must(Module::compile(*engine, testing::wasm("basic")));
    std::vector<std::uint8_t> fresh;
    const auto use = [&](const Row* dirty) {
      Basic guest(*engine, *module);
      must(guest.call("grow", 20));
      wasmtime_extern_t memory;
      EXPECT_TRUE(wasmtime_instance_export_get(guest.store.context(), &guest.instance, "memory", 6, &memory));
      const std::span bytes(wasmtime_memory_data(guest.store.context(), &memory.of.memory),
                            wasmtime_memory_data_size(guest.store.context(), &memory.of.memory));
      if (fresh.empty()) fresh.assign(bytes.begin(), bytes.end());
      const bool clean = std::ranges::equal(bytes, fresh);
      if (dirty) {
        for (std::size_t page = dirty->first; page * kPage < bytes.size(); page += dirty->stride) {
          std::ranges::fill(bytes.subspan(page * kPage, kPage), std::uint8_t{0xaa});
        }
      }
      return clean;
    };
    EXPECT_TRUE(use(nullptr));
    EXPECT_EQ(fresh.size(), 21u * (64 << 10));
    EXPECT_EQ(fresh[10], 'W') << "the image of a data segment";
    for (int round = 0; round < 3; ++round) {
      for (const Row& row : rows) {
        EXPECT_TRUE(use(&row)) << row.name;
        EXPECT_TRUE(use(nullptr)) << row.name << ", scan " << scan;
      }
    }
  }
}

class Budget : public Preemption {
 public:
  explicit Budget(int ticks) : left_(ticks) {}
  Result<> tick() override {
    ++seen;
    if (left_-- == 0) return fail(Errc::trap_cpu_budget, "the budget is used up");
    return {};
  }
  int seen = 0;

 private:
  int left_;
};

TEST_F(StoreTest, AnEndlessLoopEndsWithItsBudget) {
  Budget budget(3);
  Basic guest(*engine_, *basic_, {}, &budget);
  const auto result = guest.call("spin");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::trap_cpu_budget);
  EXPECT_EQ(result.error().message(), "the budget is used up");
  EXPECT_EQ(budget.seen, 4);
}

TEST_F(StoreTest, TheFastTickCanBeSharedAndGivenBack) {
  engine_->tick_faster(true);
  engine_->tick_faster(true);
  engine_->tick_faster(false);
  Budget budget(20);
  Basic guest(*engine_, *basic_, {}, &budget);
  EXPECT_FALSE(guest.call("spin"));
  engine_->tick_faster(false);
}

/// Whether the process sleeps through 50 ms: each tick would be a switch.
bool sleeps_on() {
  rusage before{};
  rusage after{};
  getrusage(RUSAGE_SELF, &before);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  getrusage(RUSAGE_SELF, &after);
  return after.ru_nvcsw - before.ru_nvcsw < 15;
}

TEST_F(StoreTest, TheEngineRestsWhileNobodyIsPresent) {
  Presence presence(*engine_);
  for (int round = 0; round < 2; ++round) {
    presence.leave();
    bool rests = false;
    for (int i = 0; i < 100 && !rests; ++i) rests = sleeps_on();
    EXPECT_TRUE(rests);
    presence.come_back();
    Budget budget(3);
    Basic guest(*engine_, *basic_, {}, &budget);
    EXPECT_FALSE(guest.call("spin"));
  }
}

TEST_F(StoreTest, TheEngineTicksWhileAnybodyIsPresentAndAfterThem) {
  const auto spin = [this] {
    Budget budget(3);
    Basic guest(*engine_, *basic_, {}, &budget);
    EXPECT_FALSE(guest.call("spin"));
  };
  {
    Presence one(*engine_);
    const Presence other(*engine_);
    one.leave();
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    spin();
  }
  {
    Presence last(*engine_);
    last.leave();
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  spin();
}

}  // namespace
}  // namespace wisp::engine
