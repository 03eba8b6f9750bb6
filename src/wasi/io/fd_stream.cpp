#include "wasi/io/fd_stream.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

namespace wisp::wasi {

namespace {

// What poll() promises for a pipe: a write of this size does not block (PIPE_BUF).
constexpr std::size_t kPipePiece = 4096;
// Several handles may hold permits for the same sink; what they write together is bounded.
constexpr std::size_t kMaxPending = 1024 * 1024;

Failure system_failure(int error) { return Failure{std::strerror(error), {}}; }

}  // namespace

struct FdWatch::State {
  using Guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  boost::asio::io_context& loop;
  int fd;
  short events;
  int stop_event;  // -1: no thread
  std::thread thread;
  std::mutex mutex;
  std::condition_variable wanted;
  bool armed = false;
  bool stopping = false;
  std::optional<Guard> busy;  // while armed; on the loop's thread
  Signal changed;

  // On the watching thread.
  static void run(const std::shared_ptr<State>& state) {
    std::unique_lock lock(state->mutex);
    while (true) {
      state->wanted.wait(lock, [&] { return state->armed || state->stopping; });
      if (state->stopping) return;
      lock.unlock();
      std::array<pollfd, 2> fds{pollfd{state->fd, state->events, 0}, pollfd{state->stop_event, POLLIN, 0}};
      while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
      }
      lock.lock();
      if (state->stopping) return;
      state->armed = false;
      boost::asio::post(state->loop, [state] {
        {
          const std::scoped_lock again(state->mutex);
          if (!state->armed) state->busy.reset();
        }
        state->changed.fire();
      });
    }
  }
};

FdWatch::FdWatch(boost::asio::io_context& loop, int fd, short events)
    : state_(std::make_shared<State>(loop, fd, events, -1)) {}

FdWatch::~FdWatch() {
  if (!state_->thread.joinable()) return;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wanted.notify_one();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(state_->stop_event, &one, sizeof one);
  state_->thread.join();
  ::close(state_->stop_event);
  state_->busy.reset();
}

bool FdWatch::ready() const noexcept {
  pollfd one{state_->fd, state_->events, 0};
  return ::poll(&one, 1, 0) != 0;
}

void FdWatch::arm() {
  const std::scoped_lock lock(state_->mutex);
  if (state_->armed) return;
  state_->armed = true;
  state_->busy.emplace(state_->loop.get_executor());
  if (!state_->thread.joinable()) {
    state_->stop_event = ::eventfd(0, EFD_CLOEXEC);
    state_->thread = std::thread([state = state_] { State::run(state); });
  }
  state_->wanted.notify_one();
}

Signal& FdWatch::changed() noexcept { return state_->changed; }

FdSource::FdSource(boost::asio::io_context& loop, int fd) : fd_(fd), watch_(loop, fd, POLLIN) {}

bool FdSource::ready() {
  if (!end_.open() || watch_.ready()) return true;
  watch_.arm();
  return false;
}

StreamResult<ByteView> FdSource::read(std::size_t max) {
  max = std::min(max, kMaxRead);
  if (buffer_.size() < max) buffer_.resize(max);
  auto got = read_into(std::span(buffer_).first(max));
  if (!got) return std::unexpected(std::move(got).error());
  return ByteView(buffer_.data(), *got);
}

StreamResult<std::size_t> FdSource::read_into(std::span<std::byte> into) {
  if (!end_.open()) return end_.take();
  if (into.empty() || !watch_.ready()) return 0;
  const ssize_t got = ::read(fd_, into.data(), into.size());
  if (got > 0) return static_cast<std::size_t>(got);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got == 0) {
    end_.end();
  } else {
    end_.fail(system_failure(errno));
  }
  return end_.take();
}

FdSink::FdSink(boost::asio::io_context& loop, int fd)
    : fd_(fd), piece_(kPipePiece), watch_(loop, fd, POLLOUT) {
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) piece_ = kMaxRead;
}

void FdSink::drain() {
  while (!pending_.empty() && end_.open() && watch_.ready()) {
    const ssize_t sent = ::write(fd_, pending_.data(), std::min(pending_.size(), piece_));
    if (sent >= 0) {
      pending_.erase(pending_.begin(), pending_.begin() + sent);
    } else if (errno == EPIPE) {
      end_.end();
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      end_.fail(system_failure(errno));
    }
  }
}

StreamResult<std::size_t> FdSink::capacity() {
  drain();
  if (!end_.open()) return end_.take();
  return pending_.empty() && watch_.ready() ? piece_ : 0;
}

StreamResult<> FdSink::write(ByteView bytes) {
  if (!end_.open()) return end_.take();
  if (pending_.size() + bytes.size() > kMaxPending) {
    end_.fail(Failure{"more was written than the reader takes", {}});
    return end_.take();
  }
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  drain();
  if (!end_.open()) return end_.take();
  return {};
}

StreamResult<> FdSink::flush() {
  drain();
  if (!end_.open()) return end_.take();
  return {};
}

bool FdSink::ready() {
  drain();
  if (!end_.open() || (pending_.empty() && watch_.ready())) return true;
  watch_.arm();
  return false;
}

}  // namespace wisp::wasi
