#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

namespace wisp::net {

/// The small writes of one turn of a loop, sent together at its end by one system call (io_uring). A peer on
/// the same machine that each write would wake, and which would then take the core, is woken once and finds
/// them all.
///
/// One for each loop, made when first asked for (boost::asio::use_service); used on the loop's thread. Where
/// the kernel gives no ring it takes nothing, and everybody sends as usual.
class SendBatch final : public boost::asio::execution_context::service {
 public:
  using key_type = SendBatch;
  static boost::asio::execution_context::id id;

  /// Whose bytes these are.
  class Sender {
   public:
    /// What was added has gone out but for `unsent`, which the socket takes later, or never: `error`. Good
    /// until it returns. Adds nothing.
    virtual void on_sent(std::span<const std::byte> unsent,
                         const boost::system::error_code& error) noexcept = 0;

   protected:
    ~Sender() = default;
  };

  explicit SendBatch(boost::asio::io_context& loop);
  ~SendBatch() override;

  /// Takes a copy of `size` bytes in `buffers` for `socket`; the sender says flush() before either goes away,
  /// and before it sends in another way. False: nothing is taken.
  [[nodiscard]] bool add(Sender& sender, int socket, std::span<const boost::asio::const_buffer> buffers,
                         std::size_t size) noexcept;
  /// Sends what there is now.
  void flush() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  class Ring;

  static constexpr std::size_t kEntries = 64;
  static constexpr std::size_t kArena = 32 << 10;
  static constexpr std::size_t kLargest = 2 << 10;

  struct Entry {
    Sender* sender = nullptr;
    int socket = -1;
    std::size_t begin = 0;  // in the arena
    std::size_t size = 0;
  };

  void shutdown() override;
  void settle(const Entry& entry, long sent) noexcept;

  boost::asio::io_context& loop_;
  std::unique_ptr<Ring> ring_;  // null: not made yet, or there is none
  std::unique_ptr<std::byte[]> arena_;
  std::array<Entry, kEntries> entries_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;  // of the arena
  Clock::time_point first_{};
  Clock::time_point pause_until_{};
  bool posted_ = false;   // a flush, to the loop
  bool useless_ = false;  // the ring
};

}  // namespace wisp::net
