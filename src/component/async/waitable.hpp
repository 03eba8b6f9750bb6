#pragma once

#include "base/signal.hpp"

#include <cstdint>

namespace wisp::component {

/// Canonical ABI, EventCode.
enum class EventCode : std::uint32_t {
  none = 0,
  subtask = 1,
  stream_read = 2,
  stream_write = 3,
  future_read = 4,
  future_write = 5,
  task_cancelled = 6,
};

/// What a guest is told: a code, the handle it is about, and the operation's packed result.
struct Event {
  EventCode code = EventCode::none;
  std::uint32_t index = 0;
  std::uint32_t payload = 0;
};

class WaitableSet;

/// Something of a guest's handle table that has events: a subtask, or an end of a stream or future
/// (Canonical ABI, Waitable). An event is kept as "there is one"; what it says is decided when it is
/// delivered, so later progress is part of it.
///
/// Owned by the handle table of its instance; lives on one shard; does not move.
class Waitable {
 public:
  enum class Kind : std::uint8_t { subtask, stream_reader, stream_writer, future_reader, future_writer };

  explicit Waitable(Kind kind) : kind_(kind) {}
  Waitable(const Waitable&) = delete;
  Waitable& operator=(const Waitable&) = delete;
  virtual ~Waitable();

  [[nodiscard]] Kind kind() const noexcept { return kind_; }

  /// Its number in the table, which events name. Set once it has one.
  std::uint32_t index = 0;

  [[nodiscard]] bool has_pending_event() const noexcept { return pending_; }
  [[nodiscard]] bool in_set() const noexcept { return set_ != nullptr; }

  /// There is something to deliver; wakes who waits for it. Any number of times before it is delivered.
  void set_pending_event() noexcept;

  /// Takes the event. Only while has_pending_event().
  [[nodiscard]] Event take_event();

  /// Moves it into `set`; null takes it out of its set.
  void join(WaitableSet* set) noexcept;

  /// Fires when an event becomes pending while it is in no set.
  [[nodiscard]] Signal& signal() noexcept { return signal_; }

  /// A thread waits for just this one (a synchronous copy or cancel): it may not join a set meanwhile.
  bool has_sync_waiter = false;

 protected:
  /// What the event says now, and the state changes that delivery brings.
  [[nodiscard]] virtual Event deliver() = 0;

 private:
  friend class WaitableSet;
  void leave_ready() noexcept;

  Kind kind_;
  bool pending_ = false;
  bool queued_ = false;  // in its set's list of ready members
  WaitableSet* set_ = nullptr;
  Waitable* previous_ = nullptr;  // in that list
  Waitable* next_ = nullptr;
  Signal signal_;
};

/// Canonical ABI, WaitableSet. Members with events are delivered in the order in which those became pending
/// (the specification leaves the order open). Finding one costs the same for any number of members.
///
/// Owned by the handle table; lives on one shard; does not move. Empty when it is destroyed, or its members
/// leave it.
class WaitableSet {
 public:
  WaitableSet() = default;
  WaitableSet(const WaitableSet&) = delete;
  WaitableSet& operator=(const WaitableSet&) = delete;

  [[nodiscard]] bool has_pending_event() const noexcept { return first_ != nullptr; }
  /// Only while has_pending_event().
  [[nodiscard]] Event take_event();
  [[nodiscard]] std::uint32_t members() const noexcept { return members_; }

  /// Fires when a member gets an event.
  [[nodiscard]] Signal& signal() noexcept { return signal_; }

  /// Threads that wait for an event of the set.
  std::uint32_t waiting = 0;

 private:
  friend class Waitable;
  void push(Waitable& member) noexcept;

  Waitable* first_ = nullptr;
  Waitable* last_ = nullptr;
  std::uint32_t members_ = 0;
  Signal signal_;
};

}  // namespace wisp::component
