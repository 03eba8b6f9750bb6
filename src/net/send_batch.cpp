#include "net/send_batch.hpp"

#include <boost/asio/post.hpp>

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wisp::net {

namespace {

// Between the first write of a turn and its end, more than this is a turn of guests that compute; then writes
// go out as they come for kPause times as long. 3 % of the time are spent on finding out, at most.
constexpr std::chrono::microseconds kLong{2500};
constexpr int kPause = 32;

long send_alone(int socket, std::span<const std::byte> bytes) noexcept {
  ssize_t sent = 0;
  do {
    sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): its constructor does nothing
boost::asio::execution_context::id SendBatch::id;

/// A ring for sends that end within the system call that begins them.
class SendBatch::Ring {
 public:
  /// Null where the kernel, or what guards it, refuses.
  static std::unique_ptr<Ring> make() {
    auto ring = std::make_unique<Ring>();
    ring->made_ = io_uring_queue_init(kEntries, &ring->ring_, 0) == 0;
    return ring->made_ ? std::move(ring) : nullptr;
  }
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (made_) io_uring_queue_exit(&ring_);
  }

  /// Puts what each send returned (a size, or a negative errno) into `sent`. False: the ring is of no use.
  [[nodiscard]] bool send(std::span<const Entry> entries, const std::byte* arena,
                          std::span<long> sent) noexcept {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
      if (entry == nullptr) return false;  // has as many places as a batch: all are free
      io_uring_prep_send(entry, entries[i].socket, arena + entries[i].begin, entries[i].size,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
      io_uring_sqe_set_data64(entry, i);
    }
    bool begun = false;
    for (std::size_t done = 0; done < entries.size();) {
      const int submitted = io_uring_submit_and_wait(&ring_, static_cast<unsigned>(entries.size() - done));
      if (submitted < 0 && submitted != -EINTR) return false;
      // From here on, what has not ended may have gone out.
      if (submitted > 0 && !std::exchange(begun, true)) std::ranges::fill(sent, -EIO);
      io_uring_cqe* completion = nullptr;
      while (io_uring_peek_cqe(&ring_, &completion) == 0) {
        const std::uint64_t which = io_uring_cqe_get_data64(completion);
        if (which < sent.size()) sent[which] = completion->res;
        io_uring_cqe_seen(&ring_, completion);
        ++done;
      }
    }
    return true;
  }

 private:
  io_uring ring_{};
  bool made_ = false;
};

SendBatch::SendBatch(boost::asio::io_context& loop)
    : boost::asio::execution_context::service(loop), loop_(loop) {}

SendBatch::~SendBatch() = default;

void SendBatch::shutdown() {
  flush();
  useless_ = true;
}

bool SendBatch::add(Sender& sender, int socket, std::span<const boost::asio::const_buffer> buffers,
                    std::size_t size) noexcept {
  if (useless_ || size > kLargest) return false;
  if (count_ == kEntries || used_ + size > kArena) flush();
  if (count_ == 0) {
    first_ = Clock::now();
    if (first_ < pause_until_) return false;
    if (!ring_) {
      ring_ = Ring::make();
      if (!ring_) {
        useless_ = true;
        return false;
      }
      arena_ = std::make_unique_for_overwrite<std::byte[]>(kArena);
    }
    if (!std::exchange(posted_, true)) {
      boost::asio::post(loop_, [this] {
        posted_ = false;
        flush();
      });
    }
  }
  entries_[count_++] = {.sender = &sender, .socket = socket, .begin = used_, .size = size};
  for (const auto& buffer : buffers) {
    if (buffer.size() == 0) continue;
    std::memcpy(arena_.get() + used_, buffer.data(), buffer.size());
    used_ += buffer.size();
  }
  return true;
}

void SendBatch::flush() noexcept {
  if (count_ == 0) return;
  const std::span<const Entry> entries(entries_.data(), count_);
  std::array<long, kEntries> sent;
  sent.fill(-EAGAIN);
  if (entries.size() == 1) {
    sent[0] = send_alone(entries[0].socket, {arena_.get() + entries[0].begin, entries[0].size});
  } else if (!ring_->send(entries, arena_.get(), sent)) {
    useless_ = true;
  }
  if (const auto taken = Clock::now() - first_; taken > kLong) pause_until_ = first_ + taken * kPause;
  for (std::size_t i = 0; i < entries.size(); ++i) settle(entries[i], sent[i]);
  count_ = used_ = 0;
}

void SendBatch::settle(const Entry& entry, long sent) noexcept {
  boost::system::error_code error;
  if (sent < 0 && sent != -EAGAIN && sent != -EWOULDBLOCK)
    error.assign(static_cast<int>(-sent), boost::system::system_category());
  const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  entry.sender->on_sent({arena_.get() + entry.begin + gone, entry.size - gone}, error);
}

}  // namespace wisp::net
