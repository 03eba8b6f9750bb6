// A coroutine runtime over the callbacks of wit-bindgen's C bindings for wasi:http/service@0.3, or those of
// another world under the same names: each task of the component model runs any number of coroutines and ends
// with the last of them. When it is cancelled, what its coroutines wait for is cancelled and they are
// destroyed; what they own goes with them.
#pragma once

#if __has_include("service.h")
#include "service.h"
#endif

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace guest {

class Task;
/// The task whose code runs.
inline Task* current = nullptr;
/// Coroutines there are, of all tasks.
inline int jobs = 0;
/// Coroutines are destroyed because their task was cancelled.
inline bool unwinding = false;

/// Starts at once; destroyed when it ends. Awaiting it waits for its end; leaving it runs it beside.
class Job {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;
  struct promise_type {
    Handle next;
    bool done = false;
    bool owned = true;
    bool stays = false;
    promise_type() { ++jobs; }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() { --jobs; }
    Job get_return_object() { return Job(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    struct End {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(Handle self) noexcept {
        promise_type& promise = self.promise();
        promise.done = true;
        const Handle next = promise.next;
        if (!promise.owned) self.destroy();
        return next ? std::coroutine_handle<>(next) : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    End final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };

  Job(Job&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Job& operator=(Job&&) = delete;
  ~Job() {
    if (!handle_) return;
    promise_type& promise = handle_.promise();
    if (promise.done || (unwinding && !promise.stays)) {
      handle_.destroy();
    } else {
      promise.owned = false;
      promise.next = nullptr;
    }
  }

  [[nodiscard]] bool await_ready() const { return handle_.promise().done; }
  void await_suspend(Handle who) { handle_.promise().next = who; }
  void await_resume() {}

 private:
  explicit Job(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// `co_await Stays()`: this job is not destroyed when its task is cancelled. For what must be said in any
/// case, such as the value of a future, whose end cannot be dropped without one.
struct Stays {
  [[nodiscard]] bool await_ready() const { return false; }
  bool await_suspend(Job::Handle self) {
    self.promise().stays = true;
    return false;
  }
  void await_resume() {}
};

class Task {
 public:
  struct Waiting {
    std::uint32_t handle;
    std::uint32_t* code;
    Job::Handle who;
  };

  /// Runs `body` (a coroutine, or a function that starts some) as the exported function's work.
  template <class Body>
  static service_callback_code_t start(Body body) {
    auto* const task = new Task;
    current = task;
    service_context_set_0(task);
    body();
    return task->next();
  }

  static service_callback_code_t resume(const service_event_t& event) {
    auto* const task = static_cast<Task*>(service_context_get_0());
    current = task;
    if (event.event == SERVICE_EVENT_CANCEL) {
      service_task_cancel();
      task->unwind();
      return task->next();
    }
    // A call that has only started.
    if (event.event == SERVICE_EVENT_SUBTASK && event.code < SERVICE_SUBTASK_RETURNED) return task->next();
    const auto found = std::ranges::find(task->waiting_, event.waitable, &Waiting::handle);
    if (found != task->waiting_.end()) {
      const Waiting waiting = *found;
      task->forget(event.waitable);
      *waiting.code = event.code;
      waiting.who.resume();
    }
    return task->next();
  }

  void wait(std::uint32_t handle, std::uint32_t* code, Job::Handle who) {
    if (set_ == 0) set_ = service_waitable_set_new();
    service_waitable_join(handle, set_);
    waiting_.push_back({handle, code, who});
  }

  /// Nobody waits for `handle` any more.
  void forget(std::uint32_t handle) {
    service_waitable_join(handle, 0);
    std::erase_if(waiting_, [&](const Waiting& each) { return each.handle == handle; });
  }

 private:
  /// Destroys all jobs but those that stay: each with whom it awaits, from the outermost one.
  void unwind() {
    std::vector<Job::Handle> outermost;
    for (const auto& each : waiting_) {
      Job::Handle job = each.who;
      while (job.promise().next) job = job.promise().next;
      if (!job.promise().stays) outermost.push_back(job);
    }
    unwinding = true;
    for (const auto& job : outermost) job.destroy();
    unwinding = false;
  }

  service_callback_code_t next() {
    if (!waiting_.empty()) return SERVICE_CALLBACK_CODE_WAIT(set_);
    if (set_ != 0) service_waitable_set_drop(set_);
    delete this;
    return SERVICE_CALLBACK_CODE_EXIT;
  }

  service_waitable_set_t set_ = 0;
  std::vector<Waiting> waiting_;
};

/// Waits for an operation on a stream or future, unless `status` says that it is done; the final status.
class Operation {
 public:
  using Cancel = std::uint32_t (*)(std::uint32_t handle);
  Operation(std::uint32_t handle, std::uint32_t status, Cancel cancel)
      : handle_(handle), status_(status), cancel_(cancel) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() {
    if (task_ == nullptr) return;
    task_->forget(handle_);
    cancel_(handle_);
  }

  [[nodiscard]] bool await_ready() const { return status_ != SERVICE_WAITABLE_STATUS_BLOCKED; }
  void await_suspend(Job::Handle who) {
    task_ = current;
    task_->wait(handle_, &status_, who);
  }
  [[nodiscard]] std::uint32_t await_resume() {
    task_ = nullptr;
    return status_;
  }

 private:
  std::uint32_t handle_;
  std::uint32_t status_;
  Cancel cancel_;
  Task* task_ = nullptr;  // while it waits
};

/// Waits until a call has returned.
class Call {
 public:
  explicit Call(std::uint32_t status) : status_(status) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (task_ == nullptr) return;
    task_->forget(handle_);
    service_subtask_cancel(handle_);
    service_subtask_drop(handle_);
  }

  [[nodiscard]] bool await_ready() const {
    return SERVICE_SUBTASK_STATE(status_) == SERVICE_SUBTASK_RETURNED;
  }
  void await_suspend(Job::Handle who) {
    task_ = current;
    handle_ = SERVICE_SUBTASK_HANDLE(status_);
    task_->wait(handle_, &code_, who);
  }
  void await_resume() {
    task_ = nullptr;
    if (handle_ != 0) service_subtask_drop(handle_);
  }

 private:
  std::uint32_t status_;
  std::uint32_t handle_ = 0;
  std::uint32_t code_ = 0;
  Task* task_ = nullptr;  // while it waits
};

/// A handle that is dropped with its owner. Moves.
template <void (*Drop)(std::uint32_t)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(std::uint32_t handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() { drop(); }

  [[nodiscard]] std::uint32_t get() const { return handle_; }
  [[nodiscard]] std::uint32_t release() { return std::exchange(handle_, 0); }
  void drop() {
    if (handle_ != 0) Drop(release());
  }

 private:
  std::uint32_t handle_ = 0;
};

}  // namespace guest
