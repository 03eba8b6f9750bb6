#include "component/link/provider_queue.hpp"

#include "component/link/crash_watch.hpp"
#include "component/link/late_drops.hpp"
#include "net/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>

namespace wisp::component {

namespace asio = boost::asio;

struct ProviderQueue::Job {
  Job(Shard& shard, Work what) : work(std::move(what)), run(shard) {}
  Work work;
  GuestRun run;
  net::Event done;
  Result<> outcome;
  bool wanted = true;
  bool over = false;
};

/// Outlives the queue while a call is under way.
struct ProviderQueue::State {
  explicit State(std::shared_ptr<Tree> of) : tree(std::move(of)) {}
  ~State() {
    // A guest whose fiber nobody will resume cannot be taken apart.
    if (current == nullptr || current->run.done()) return;
    leak->tree = std::move(tree);
    leak->job = std::move(current);
    static_cast<void>(leak.release());  // NOLINT(bugprone-unused-return-value)
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  struct Leak {
    std::shared_ptr<Tree> tree;
    std::shared_ptr<Job> job;
  };
  std::shared_ptr<Tree> tree;
  std::deque<std::shared_ptr<Job>> waiting;
  std::shared_ptr<Job> current;
  std::unique_ptr<Leak> leak = std::make_unique<Leak>();
  bool working = false;

  static asio::awaitable<void> work(std::shared_ptr<State> self) {
    // Not from here: the caller may be on the stack.
    co_await asio::post(self->tree->shard().loop(), asio::use_awaitable);
    while (!self->waiting.empty()) {
      const auto job = std::move(self->waiting.front());
      self->waiting.pop_front();
      if (!job->wanted) continue;
      self->current = job;
      job->outcome = job->run.start([&] { job->work(*self->tree, job->run); });
      if (job->outcome) co_await job->run.finished();
      self->current = nullptr;
      job->over = true;
      // Drops what nobody waits for; else the one who waits has the result.
      job->work = nullptr;
      job->done.fire();
    }
    self->working = false;
  }
};

ProviderQueue::ProviderQueue(std::shared_ptr<Tree> tree, std::shared_ptr<const Provider> provider)
    : state_(std::make_shared<State>(std::move(tree))), provider_(std::move(provider)) {}

std::shared_ptr<ProviderQueue> ProviderQueue::of(Session& session, const std::shared_ptr<Tree>& tree,
                                                 const std::shared_ptr<const Provider>& provider) {
  auto queue = std::static_pointer_cast<ProviderQueue>(session.kept());
  if (queue == nullptr || queue->tree() != tree) {
    queue = std::make_shared<ProviderQueue>(tree, provider);
    session.kept() = queue;
  }
  return queue;
}

ProviderQueue::~ProviderQueue() {
  const auto& job = state_->current;
  if (job == nullptr) return;
  job->run.cancel(Error(Errc::cancelled, "the caller of the component has ended"));
  // Whoever ends the loop waits for it.
  auto& tree = state_->tree;
  if (tree->busy()) linger(tree->shard(), tree, job);
}

const std::shared_ptr<Tree>& ProviderQueue::tree() const noexcept { return state_->tree; }

asio::awaitable<Result<>> ProviderQueue::perform(Work work) {
  const auto self = shared_from_this();
  const auto state = state_;
  const auto job = std::make_shared<Job>(state->tree->shard(), std::move(work));
  state->waiting.push_back(job);
  if (!std::exchange(state->working, true))
    asio::co_spawn(state->tree->shard().loop(), State::work(state), asio::detached);
  while (!job->over) {
    if (co_await job->done.wait()) continue;
    job->wanted = false;
    std::erase(state->waiting, job);
    co_return fail(Errc::cancelled, "the call was cancelled");
  }
  co_return std::move(job->outcome);
}

void ProviderQueue::report(const Error& error, std::string_view export_name) {
  if (std::exchange(told_, true) || !provider_->on_crash || !is_news(error)) return;
  provider_->on_crash(Error(error).in(provider_->name).with("export", std::string(export_name)));
}

}  // namespace wisp::component
