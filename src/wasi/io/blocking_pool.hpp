#pragma once

#include "wasi/io/readiness.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace wisp::wasi {

/// The outcome of one blocking call, seen from the shard that asked: ready() once `result` is there.
template <class T>
class BlockingJob final : public Readiness {
 public:
  [[nodiscard]] bool ready() override { return result.has_value(); }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  std::optional<T> result;

 private:
  Signal changed_;
};

/// A few threads for system calls that block (files), so that no shard does.
///
/// Shared by all shards; thread-safe. Threads start with the first job. Destroy it before the loops that its
/// jobs complete on: the destructor waits for the calls that are running and forgets those that wait.
class BlockingPool {
 public:
  /// `max_waiting` bounds the queue.
  explicit BlockingPool(std::size_t threads = 4, std::size_t max_waiting = 4096);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `work()` on a thread of the pool; its result arrives in the job on `loop`, which has outstanding
  /// work until then. Null when the queue is full. Whoever loses interest drops the job; the call itself
  /// still runs.
  template <class F>
  [[nodiscard]] std::shared_ptr<BlockingJob<std::invoke_result_t<F&>>> start(boost::asio::io_context& loop,
                                                                             F work) {
    using T = std::invoke_result_t<F&>;
    auto job = std::make_shared<BlockingJob<T>>();
    const bool queued =
        submit([work = std::move(work), job, &loop, busy = boost::asio::make_work_guard(loop)]() mutable {
          auto deliver = [job = std::move(job), result = work()]() mutable {
            job->result.emplace(std::move(result));
            job->changed().fire();
          };
          boost::asio::post(loop, std::move(deliver));
        });
    if (!queued) return nullptr;
    return job;
  }

 private:
  struct State;
  [[nodiscard]] bool submit(std::move_only_function<void()> work);
  std::unique_ptr<State> state_;
};

}  // namespace wisp::wasi
