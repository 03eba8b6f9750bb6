// A coroutine runtime over the callbacks of wit-bindgen's C bindings for wasi:http/service@0.3, or those of
// another world under the same names: each task of the component model runs any number of coroutines and ends
// with the last of them.
#pragma once

#if __has_include("service.h")
#include "service.h"
#endif

#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace guest {

class Task;
/// The task whose code runs.
inline Task* current = nullptr;

class Task {
 public:
  enum class For : std::uint8_t { copy, call };
  struct Waiting {
    For what;
    std::uint32_t handle;
    std::uint32_t* code;
    std::coroutine_handle<> who;
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
      // Whoever asked does not want the rest, nor what was asked of others for it.
      for (const auto& waiting : task->waiting_) {
        if (waiting.what != For::call) continue;
        service_waitable_join(waiting.handle, 0);
        service_subtask_cancel(waiting.handle);
        service_subtask_drop(waiting.handle);
      }
      service_task_cancel();
      return SERVICE_CALLBACK_CODE_EXIT;
    }
    // A call that has only started.
    if (event.event == SERVICE_EVENT_SUBTASK && event.code < SERVICE_SUBTASK_RETURNED) return task->next();
    for (std::size_t i = 0; i < task->waiting_.size(); ++i) {
      if (task->waiting_[i].handle != event.waitable) continue;
      const Waiting waiting = task->waiting_[i];
      task->waiting_[i] = task->waiting_.back();
      task->waiting_.pop_back();
      service_waitable_join(event.waitable, 0);
      *waiting.code = event.code;
      waiting.who.resume();
      break;
    }
    return task->next();
  }

  void wait(For what, std::uint32_t handle, std::uint32_t* code, std::coroutine_handle<> who) {
    if (set_ == 0) set_ = service_waitable_set_new();
    service_waitable_join(handle, set_);
    waiting_.push_back({what, handle, code, who});
  }

 private:
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
struct Operation {
  std::uint32_t handle;
  std::uint32_t status;

  [[nodiscard]] bool await_ready() const { return status != SERVICE_WAITABLE_STATUS_BLOCKED; }
  void await_suspend(std::coroutine_handle<> who) { current->wait(Task::For::copy, handle, &status, who); }
  [[nodiscard]] std::uint32_t await_resume() const { return status; }
};

/// Waits until a call has returned.
class Call {
 public:
  explicit Call(std::uint32_t status) : status_(status) {}

  [[nodiscard]] bool await_ready() const {
    return SERVICE_SUBTASK_STATE(status_) == SERVICE_SUBTASK_RETURNED;
  }
  void await_suspend(std::coroutine_handle<> who) {
    handle_ = SERVICE_SUBTASK_HANDLE(status_);
    current->wait(Task::For::call, handle_, &code_, who);
  }
  void await_resume() {
    if (handle_ != 0) service_subtask_drop(handle_);
  }

 private:
  std::uint32_t status_;
  std::uint32_t handle_ = 0;
  std::uint32_t code_ = 0;
};

/// Starts at once; destroyed when it ends. Awaiting it waits for its end; leaving it runs it beside.
class Job {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;
  struct promise_type {
    std::coroutine_handle<> next;
    bool done = false;
    bool owned = true;
    Job get_return_object() { return Job(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    struct End {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(Handle self) noexcept {
        promise_type& promise = self.promise();
        promise.done = true;
        const auto next = promise.next;
        if (!promise.owned) self.destroy();
        return next ? next : std::noop_coroutine();
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
    if (handle_.promise().done) {
      handle_.destroy();
    } else {
      handle_.promise().owned = false;
    }
  }

  [[nodiscard]] bool await_ready() const { return handle_.promise().done; }
  void await_suspend(std::coroutine_handle<> who) { handle_.promise().next = who; }
  void await_resume() {}

 private:
  explicit Job(Handle handle) : handle_(handle) {}
  Handle handle_;
};

}  // namespace guest
