#pragma once

namespace wisp {

class Signal;

/// Somebody who waits for a Signal. Lives where it waits (a stack frame, a coroutine frame).
class Waiter {
 public:
  /// Called on the shard's thread when the signal fires; must not run guest code, only schedule.
  virtual void wake() noexcept = 0;

 protected:
  ~Waiter() = default;
};

/// The membership of a waiter in one signal; unlinks itself when destroyed. Does not move while linked.
class SignalLink {
 public:
  SignalLink() = default;
  SignalLink(const SignalLink&) = delete;
  SignalLink& operator=(const SignalLink&) = delete;
  ~SignalLink() { unlink(); }

  void link(Signal& signal, Waiter& waiter) noexcept;
  void unlink() noexcept;
  [[nodiscard]] bool linked() const noexcept { return signal_ != nullptr; }

 private:
  friend class Signal;
  Signal* signal_ = nullptr;
  Waiter* waiter_ = nullptr;
  SignalLink* previous_ = nullptr;
  SignalLink* next_ = nullptr;
};

/// "Something may have changed": level-triggered state lives elsewhere, waiters look again after a wake. One
/// thread. Firing unlinks all current waiters first, so a waiter that links again during its wake is not
/// woken twice.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal();

  void fire() noexcept;
  [[nodiscard]] bool has_waiters() const noexcept { return first_ != nullptr; }

 private:
  friend class SignalLink;
  SignalLink* first_ = nullptr;
};

}  // namespace wisp
