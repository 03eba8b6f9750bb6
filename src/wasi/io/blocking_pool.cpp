#include "wasi/io/blocking_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace wisp::wasi {

struct BlockingPool::State {
  std::size_t max_threads;
  std::size_t max_waiting;
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::move_only_function<void()>> waiting;
  std::vector<std::thread> threads;
  std::size_t idle = 0;
  bool stopping = false;

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      more.wait(lock, [&] { return stopping || !waiting.empty(); });
      --idle;
      if (stopping) return;
      auto work = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }
};

BlockingPool::BlockingPool(std::size_t threads, std::size_t max_waiting) : state_(std::make_unique<State>()) {
  state_->max_threads = std::max<std::size_t>(threads, 1);
  state_->max_waiting = max_waiting;
}

BlockingPool::~BlockingPool() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->more.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

bool BlockingPool::submit(std::move_only_function<void()> work) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->waiting.size() >= state_->max_waiting) return false;
    state_->waiting.push_back(std::move(work));
    if (state_->idle < state_->waiting.size() && state_->threads.size() < state_->max_threads) {
      state_->threads.emplace_back([state = state_.get()] { state->run(); });
    }
  }
  state_->more.notify_one();
  return true;
}

}  // namespace wisp::wasi
