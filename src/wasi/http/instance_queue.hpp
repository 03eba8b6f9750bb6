#pragma once

#include "component/instance/pool.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>

namespace wisp::wasi::http {

/// Requests that wait for an instance, in the order they came, each for a bounded time. Those that cannot
/// wait are told by whoever makes instances.
///
/// Lives on the shard, beside the pool; its places end before it.
class InstanceQueue final : private Waiter, private component::Runnable {
 public:
  /// Somebody who waits. Leaves when destroyed.
  class Place
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                                boost::intrusive::tag<InstanceQueue>> {
   public:
    /// There is room. No longer in the queue; from the loop.
    virtual void admitted() noexcept = 0;
    /// It has waited long enough. No longer in the queue; from the loop.
    virtual void expired(Error reason) noexcept = 0;

    [[nodiscard]] bool waits() const noexcept { return is_linked(); }
    void leave() noexcept { unlink(); }

   protected:
    ~Place() = default;

   private:
    friend class InstanceQueue;
    std::chrono::steady_clock::time_point until_;
  };

  struct Limits {
    std::chrono::milliseconds patience{0};  ///< 0: nobody waits
    std::uint32_t places = 1'024;
  };

  /// For calls of `lift`, which must outlive the queue, as must the pool.
  InstanceQueue(component::Shard& shard, component::TreePool& pool, const component::Lift& lift,
                Limits limits);
  InstanceQueue(const InstanceQueue&) = delete;
  InstanceQueue& operator=(const InstanceQueue&) = delete;

  /// Whether a new request has to wait, and may.
  [[nodiscard]] bool holds_back() const;
  /// The last place.
  void push(Place& place);

  [[nodiscard]] std::uint32_t waiting() const noexcept { return static_cast<std::uint32_t>(places_.size()); }

 private:
  void wake() noexcept override { shard_.enqueue(*this); }
  void run() noexcept override;
  void wait();
  void expire();

  component::Shard& shard_;
  component::TreePool& pool_;
  const component::Lift& lift_;
  Limits limits_;
  boost::intrusive::list<
      Place,
      boost::intrusive::base_hook<boost::intrusive::list_base_hook<
          boost::intrusive::link_mode<boost::intrusive::auto_unlink>, boost::intrusive::tag<InstanceQueue>>>,
      boost::intrusive::constant_time_size<false>>
      places_;
  SignalLink room_;
  boost::asio::steady_timer timer_;
  bool timed_ = false;
};

}  // namespace wisp::wasi::http
