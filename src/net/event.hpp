#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace wisp::net {

/// One coroutine waits, somebody on the same thread fires. Not latched: firing with nobody waiting does
/// nothing, so the waiter looks at the state it waits for before it waits, and again afterwards.
///
/// Owned beside that state. Destroying it while somebody waits destroys the waiting coroutine.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->destroy();
  }

  /// Waits for the next fire(). False: the coroutine was cancelled. At most one waiter at a time.
  [[nodiscard]] boost::asio::awaitable<bool> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(bool)>(
        Start{this}, boost::asio::use_awaitable);
  }

  /// Wakes the waiter from the loop, after the caller has returned to it.
  void fire() noexcept {
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->post(true);
  }

  /// Runs the waiter here and now, until it waits again: only as the last thing a callback of the loop does.
  void fire_now() noexcept {
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->run(true);
  }

  [[nodiscard]] bool has_waiter() const noexcept { return waiter_ != nullptr; }

 private:
  struct Waiting {
    virtual void run(bool fired) = 0;
    virtual void post(bool fired) = 0;
    virtual void destroy() noexcept = 0;

   protected:
    ~Waiting() = default;
  };

  template <class Completion>
  struct WaitingFor final : Waiting {
    using Allocator = boost::asio::recycling_allocator<WaitingFor>;

    explicit WaitingFor(Completion&& handler) : completion(std::move(handler)) {}

    static WaitingFor* make(Completion&& handler) {
      return new (Allocator().allocate(1)) WaitingFor(std::move(handler));
    }
    Completion take() {
      boost::asio::get_associated_cancellation_slot(completion).clear();
      Completion handler = std::move(completion);
      destroy();
      return handler;
    }
    void run(bool fired) override {
      Completion handler = take();
      std::move(handler)(fired);
    }
    void post(bool fired) override {
      const auto executor = boost::asio::get_associated_executor(completion);
      boost::asio::post(executor, [handler = take(), fired]() mutable { std::move(handler)(fired); });
    }
    void destroy() noexcept override {
      this->~WaitingFor();
      Allocator().deallocate(this, 1);
    }

    Completion completion;
  };

  struct Start {
    Event* event;
    template <class Completion>
    void operator()(Completion&& completion) const {
      using Op = WaitingFor<std::decay_t<Completion>>;
      Op* op = Op::make(std::forward<Completion>(completion));
      event->waiter_ = op;
      if (auto slot = boost::asio::get_associated_cancellation_slot(op->completion); slot.is_connected()) {
        slot.assign([event = event](boost::asio::cancellation_type type) {
          if (type == boost::asio::cancellation_type::none || event->waiter_ == nullptr) return;
          std::exchange(event->waiter_, nullptr)->post(false);
        });
      }
    }
  };

  Waiting* waiter_ = nullptr;
};

}  // namespace wisp::net
