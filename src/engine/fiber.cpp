#include "engine/fiber.hpp"

#include "engine/fiber_sanitizer.hpp"

#include <wisp_engine.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#ifndef __x86_64__
#error "wisp_fiber_switch is written for x86-64"
#endif

// wisp_fiber_switch(save, to): pushes what the ABI lets a callee keep, stores the stack pointer in *save,
// goes to `to`. The new stack of an idle fiber looks as if it had done the same in front of Fiber::Impl::run.
extern "C" void wisp_fiber_switch(void** save, void* to) noexcept;
asm(R"(
.text
.p2align 4
.type wisp_fiber_switch,@function
wisp_fiber_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size wisp_fiber_switch, .-wisp_fiber_switch
)");

namespace wisp::engine {
namespace {

constexpr std::size_t kSavedRegisters = 6;
constexpr std::size_t kMinWasmStack = 64 << 10;

/// What a fiber that cools down keeps of its stack; the deeper part goes back to the kernel.
constexpr std::size_t kKeptStack = 32 << 10;

/// Idle fibers that keep all their memory: those taken next.
constexpr std::size_t kWarmFibers = 32;

// Fibers stay on their thread, so a thread's address of this variable holds across a switch.
thread_local Fiber* current_fiber = nullptr;

std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// The lowest address of the calling thread's own stack.
std::uintptr_t thread_stack_low() {
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<std::uintptr_t>(low);
}

}  // namespace

struct Fiber::Impl {
  wisp_stack_t engine{};  // first: the engine's view, must not move
  void* own_sp = nullptr;
  void* parent_sp = nullptr;
  Entry entry = nullptr;
  void* argument = nullptr;
  Fiber* parent = nullptr;
  std::byte* base;  // the guard page is at the base
  std::size_t size;
  bool cold = false;  // idle, and its deeper part given back
  SanitizedStack sanitized;

  Impl(std::byte* memory, std::size_t bytes, std::size_t guard, std::size_t host_reserve)
      : base(memory), size(bytes), sanitized(memory + guard, bytes - guard) {
    engine.stack_limit = reinterpret_cast<std::size_t>(memory) + guard + host_reserve;
    // A null return address ends the frames; above it, nothing. At the first instruction of run() the stack
    // pointer is 8 off a multiple of 16, as after a call.
    auto** top = reinterpret_cast<void**>(memory + bytes) - 2;
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&Impl::run);
    top -= kSavedRegisters;
    std::fill_n(top, kSavedRegisters, nullptr);
    own_sp = top;
  }

  ~Impl() {
    sanitized.forget();
    munmap(base, size);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// The bottom frame of every fiber: one entry after the other. Never returns.
  [[noreturn]] static void run() noexcept {
    current_fiber->impl_->sanitized.entered();
    for (;;) {
      Fiber& self = *current_fiber;
      self.impl_->entry(self.impl_->argument);
      self.state_ = State::idle;
      self.impl_->leave();
    }
  }

  void enter(Fiber& self) noexcept {
    parent = current_fiber;
    current_fiber = &self;
    self.state_ = State::running;
    wisp_stack_resume(&engine);
    sanitized.before_enter();
    wisp_fiber_switch(&parent_sp, own_sp);
    sanitized.after_enter();
    wisp_stack_suspend(&engine);
    current_fiber = parent;
  }

  void leave() noexcept {
    sanitized.before_leave();
    wisp_fiber_switch(&own_sp, parent_sp);
    sanitized.after_leave();
  }

  /// Gives what lies deeper than kKeptStack back to the kernel.
  void cool_down(std::size_t guard) noexcept {
    if (!cold && size > guard + kKeptStack) madvise(base + guard, size - guard - kKeptStack, MADV_DONTNEED);
    cold = true;
  }
};

Fiber::Fiber(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Fiber::~Fiber() {
  if constexpr (SanitizedStack::kNeedsLastEntry) {
    impl_->sanitized.last();
    start([](void*) {}, nullptr);
  }
}

Fiber* Fiber::current() noexcept { return current_fiber; }

void Fiber::start(Entry entry, void* argument) noexcept {
  impl_->entry = entry;
  impl_->argument = argument;
  impl_->enter(*this);
}

void Fiber::resume() noexcept { impl_->enter(*this); }

void Fiber::park() noexcept {
  Fiber& self = *current_fiber;
  self.state_ = State::parked;
  self.impl_->leave();
}

std::size_t Fiber::stack_left() noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  std::uintptr_t limit;
  if (current_fiber) {
    limit = current_fiber->impl_->engine.stack_limit;
  } else {
    thread_local const std::uintptr_t low = thread_stack_low();
    limit = low;
  }
  return here > limit ? here - limit : 0;
}

struct FiberPool::Idle {
  std::vector<std::unique_ptr<Fiber>> fibers;  // the one taken next is the last
  std::size_t guard = page_size();
};

FiberPool::FiberPool(FiberOptions options) : options_(options), idle_(std::make_unique<Idle>()) {
  options_.host_reserve = round_up(options_.host_reserve, idle_->guard);
  options_.stack_size = std::max(round_up(options_.stack_size, idle_->guard),
                                 idle_->guard + options_.host_reserve + kMinWasmStack);
}

FiberPool::~FiberPool() = default;

Result<Fiber*> FiberPool::take() {
  auto& fibers = idle_->fibers;
  if (!fibers.empty()) {
    Fiber* fiber = fibers.back().release();
    fibers.pop_back();
    fiber->impl_->cold = false;
    ++in_use_;
    return fiber;
  }
  if (in_use_ >= options_.max_fibers)
    return fail(Errc::no_capacity, "all {} fibers are in use", options_.max_fibers);
  void* memory = mmap(nullptr, options_.stack_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return fail(Errc::out_of_mappings, "no memory for a stack: {}", std::strerror(errno));
  if (mprotect(memory, idle_->guard, PROT_NONE) != 0) {
    const int reason = errno;
    munmap(memory, options_.stack_size);
    return fail(Errc::out_of_mappings, "no guard page for a stack: {}", std::strerror(reason));
  }
  ++in_use_;
  return new Fiber(std::make_unique<Fiber::Impl>(static_cast<std::byte*>(memory), options_.stack_size,
                                                 idle_->guard, options_.host_reserve));
}

void FiberPool::give(Fiber* fiber) noexcept {
  std::unique_ptr<Fiber> owned(fiber);
  --in_use_;
  auto& fibers = idle_->fibers;
  if (fibers.size() >= options_.max_idle) return;
  // Of many idle fibers only the newest stay warm: the one that leaves that group gives its depths back.
  fibers.push_back(std::move(owned));
  if (fibers.size() > kWarmFibers) fibers[fibers.size() - 1 - kWarmFibers]->impl_->cool_down(idle_->guard);
}

}  // namespace wisp::engine
