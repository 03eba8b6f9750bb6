#include "component/link/late_drops.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace wisp::component {

namespace {

namespace asio = boost::asio;

/// The queue of one shard. The loop owns it, so that it ends with it.
class LateDrops final : public asio::execution_context::service {
 public:
  using key_type = LateDrops;
  // Asio asks for it, and it does not throw.
  inline static asio::execution_context::id id;  // NOLINT(bugprone-throwing-static-initialization)

  explicit LateDrops(asio::execution_context& loop) : asio::execution_context::service(loop) {}

  LateDropLimits limits;

  void add(Shard& shard, std::shared_ptr<Tree> tree, ResourceId resource, Rep rep) {
    if (closed_ || pending_ >= limits.pending) return;
    ++pending_;
    auto& batch = batches_[tree.get()];
    if (batch == nullptr) {
      batch = std::make_shared<Batch>(shard, std::move(tree));
      order_.push_back(batch->tree.get());
    }
    batch->drops.push_back({.resource = resource, .rep = rep});
    if (std::exchange(working_, true)) return;
    // Not from here: this is the destructor of the holder's tree.
    asio::post(shard.loop(),
               [this, &shard] { asio::co_spawn(shard.loop(), work(shard.loop()), asio::detached); });
  }

  void linger(Shard& shard, std::shared_ptr<Tree> tree, std::shared_ptr<void> with) {
    if (closed_) return;
    lingering_.push_back(std::make_shared<Lingering>(*this, shard, std::move(tree), std::move(with)));
    lingering_.back()->look();
    // Not from here: this is the destructor of the caller's tree.
    if (ending_)
      asio::post(shard.loop(), [weak = std::weak_ptr(lingering_.back()), reason = *ending_] {
        if (const auto one = weak.lock()) one->end(reason);
      });
  }

  void end_lingering(const Error& reason) {
    ending_ = reason;
    for (const auto& one : std::vector(lingering_)) one->end(reason);
  }

  [[nodiscard]] std::uint32_t pending() const noexcept {
    return pending_ + static_cast<std::uint32_t>(lingering_.size());
  }

 private:
  /// Looks whenever nothing is inside its tree, and now and then.
  struct Lingering final : Waiter, std::enable_shared_from_this<Lingering> {
    Lingering(LateDrops& of, Shard& shard, std::shared_ptr<Tree> what, std::shared_ptr<void> beside)
        : owner(of),
          tree(std::move(what)),
          with(std::move(beside)),
          timer(shard.loop()),
          until(std::chrono::steady_clock::now() + of.limits.linger) {}
    void wake() noexcept override { look(); }
    void look() {
      if (!tree->busy() && (tree->tasks() == 0 || tree->poisoned())) return owner.forget(*this);
      if (!idle.linked()) idle.link(tree->idle(), *this);
      timer.expires_after(std::min(std::chrono::milliseconds(1'000), owner.limits.linger));
      timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (error || !self) return;
        if (std::chrono::steady_clock::now() >= self->until)
          self->tree->kill(Error(Errc::deadline, "a call went on for too long after its caller had ended"));
        self->look();
      });
    }
    void end(const Error& reason) {
      tree->kill(reason);
      look();  // forgotten later
    }
    LateDrops& owner;
    std::shared_ptr<Tree> tree;
    std::shared_ptr<void> with;
    asio::steady_timer timer;
    SignalLink idle;
    std::chrono::steady_clock::time_point until;
    bool leaving = false;
  };

  /// Later: the tree may be on the stack.
  void forget(Lingering& one) {
    if (std::exchange(one.leaving, true)) return;
    asio::post(one.timer.get_executor(), [this, &one] {
      if (one.tree->busy()) {
        one.leaving = false;
        return one.look();
      }
      std::erase_if(lingering_, [&](const auto& entry) { return entry.get() == &one; });
    });
  }

  struct Drop {
    ResourceId resource;
    Rep rep;
  };
  struct Batch {
    Batch(Shard& shard, std::shared_ptr<Tree> of) : tree(std::move(of)), run(shard) {}
    std::shared_ptr<Tree> tree;
    GuestRun run;
    std::vector<Drop> drops;
  };

  void shutdown() override {
    closed_ = true;
    // A guest whose fiber nobody will resume cannot be taken apart.
    if (active_ != nullptr && !active_->run.done()) static_cast<void>(new std::shared_ptr(active_));
    active_ = nullptr;
    batches_.clear();
    // Nor can one that calls go on in, now that the shard is gone.
    for (const auto& one : lingering_) static_cast<void>(new std::shared_ptr(one->tree));
    lingering_.clear();
  }

  asio::awaitable<void> work(asio::io_context& loop) {
    while (!order_.empty()) {
      auto next = batches_.extract(order_.front());
      order_.pop_front();
      active_ = std::move(next.mapped());
      asio::steady_timer patience(loop, limits.patience);
      patience.async_wait([batch = std::weak_ptr(active_)](const boost::system::error_code& error) {
        const auto still = batch.lock();
        if (!error && still) still->run.cancel(Error(Errc::deadline, "destructors took longer than allowed"));
      });
      // Without a fiber nobody can run them.
      if (active_->run.start([batch = active_.get()] { destroy_all(*batch); }))
        co_await active_->run.finished();
      pending_ -= static_cast<std::uint32_t>(active_->drops.size());
      active_ = nullptr;
    }
    working_ = false;
  }

  static void destroy_all(Batch& batch) {
    for (const auto& drop : batch.drops) {
      // A trap poisons the tree, and nobody who could be told is left.
      if (batch.tree->poisoned() || batch.run.cancelled()) return;
      static_cast<void>(batch.tree->destroy(batch.run, drop.resource, drop.rep));
    }
  }

  std::unordered_map<const Tree*, std::shared_ptr<Batch>> batches_;
  std::deque<const Tree*> order_;  // of batches_
  std::shared_ptr<Batch> active_;
  std::vector<std::shared_ptr<Lingering>> lingering_;
  std::optional<Error> ending_;
  std::uint32_t pending_ = 0;
  bool working_ = false;
  bool closed_ = false;
};

}  // namespace

void limit_late_drops(Shard& shard, const LateDropLimits& limits) {
  asio::use_service<LateDrops>(shard.loop()).limits = limits;
}

void drop_later(Shard& shard, std::shared_ptr<Tree> tree, ResourceId resource, Rep rep) {
  if (tree->poisoned() || !tree->plan().resources[resource.value].dtor) return;
  asio::use_service<LateDrops>(shard.loop()).add(shard, std::move(tree), resource, rep);
}

void linger(Shard& shard, std::shared_ptr<Tree> tree, std::shared_ptr<void> with) {
  asio::use_service<LateDrops>(shard.loop()).linger(shard, std::move(tree), std::move(with));
}

void end_lingering(Shard& shard, const Error& reason) {
  asio::use_service<LateDrops>(shard.loop()).end_lingering(reason);
}

std::uint32_t pending_drops(Shard& shard) { return asio::use_service<LateDrops>(shard.loop()).pending(); }

}  // namespace wisp::component
