#pragma once

#include "wasi/http/handler.hpp"
#include "wasi/http/instance_queue.hpp"

#include <boost/asio/steady_timer.hpp>

namespace wisp::wasi::http {

/// The guest's part of a request: an instance, and the call. Owned by the session, or the call of another
/// guest; lives on the shard; destroyed once settled.
class Work : private InstanceQueue::Place {
 public:
  virtual ~Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  /// Runs the guest until it ends or pauses for the first time; or waits for an instance.
  void start();

  /// Whether the call has ended with all that belongs to it; outcome() is known.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Whether nothing of it is on any stack.
  [[nodiscard]] bool settled() const noexcept { return !waits() && rests(); }
  /// Why there is no answer, or what happened after it.
  [[nodiscard]] const Result<>& outcome() const noexcept { return outcome_; }

  /// Nobody waits for the answer any more: asks the guest to end.
  void cancel(const Error& reason);
  /// Ends it whatever it does.
  void kill(const Error& reason);
  /// Completes when it is settled.
  [[nodiscard]] boost::asio::awaitable<void> finished();

 protected:
  /// `reader` is woken when it has ended.
  Work(const Workplace& place, Waiter& reader) noexcept : place_(place), reader_(&reader) {}

  /// There is room for it, or the pool says that there is none.
  virtual void go() = 0;
  /// Nothing of it is on any stack.
  [[nodiscard]] virtual bool rests() const noexcept = 0;
  /// Completes when it does.
  [[nodiscard]] virtual boost::asio::awaitable<void> rest() = 0;
  virtual void ask_to_end(const Error& reason) = 0;
  virtual void force_to_end(const Error& reason) = 0;

  [[nodiscard]] const Workplace& place() const noexcept { return place_; }
  /// go() runs within start(): whoever could answer at once does so before a tree is taken down.
  [[nodiscard]] bool inside_start() const noexcept { return inside_start_; }

  void end(Result<> outcome) {
    outcome_ = std::move(outcome);
    ended_ = true;
    reader_->wake();
  }

 private:
  void admitted() noexcept override;
  void expired(Error reason) noexcept override { give_up(std::move(reason)); }
  void give_up(Error reason);

  const Workplace& place_;
  Waiter* reader_;
  net::Event unqueued_;
  Result<> outcome_;
  bool ended_ = false;
  bool inside_start_ = false;
};

/// A call of an export of a sync type, on a fiber of its own; the tree serves nobody else meanwhile.
class SyncWork final : public Work {
 public:
  SyncWork(const Workplace& place, Waiter& reader, std::shared_ptr<IncomingRequest> request,
           std::shared_ptr<ResponseSlot> slot);

 private:
  void go() override;
  [[nodiscard]] bool rests() const noexcept override { return run_.done(); }
  [[nodiscard]] boost::asio::awaitable<void> rest() override { return run_.finished(); }
  void ask_to_end(const Error& reason) override { run_.cancel(reason); }
  void force_to_end(const Error& reason) override { run_.cancel(reason); }
  void work();

  component::GuestRun run_;
  std::shared_ptr<IncomingRequest> request_;
  std::shared_ptr<ResponseSlot> slot_;
  std::optional<component::TreePool::Lease> lease_;
};

/// A call of an export of an async type, in a tree that may serve others too. It goes on after the answer
/// until its task has ended.
class AsyncWork final : public Work,
                        public component::Runnable,
                        public Waiter,
                        public component::GuestRun::Owner {
 public:
  AsyncWork(const Workplace& place, Waiter& reader, std::shared_ptr<IncomingRequest> request,
            std::shared_ptr<ResponseSlot> slot);
  ~AsyncWork() override;

 private:
  void go() override;
  [[nodiscard]] bool rests() const noexcept override { return ended(); }
  [[nodiscard]] boost::asio::awaitable<void> rest() override;
  void ask_to_end(const Error& reason) override;
  void force_to_end(const Error& reason) override;
  void make();
  void begin();
  void look();
  void ask();
  void finish(Result<> outcome);
  // The task may end, and a client leave, while a guest is on the stack: what follows comes from the loop.
  void wake() noexcept override { place().shard.enqueue(*this); }
  void run() noexcept override;
  void left(component::GuestRun& run) noexcept override;

  std::unique_ptr<HandlerCall> call_;
  component::TaskRef task_;
  std::optional<component::TreePool::Lease> lease_;
  std::unique_ptr<component::GuestRun> making_;  // instantiates a tree
  Result<> made_;
  std::optional<Error> reason_;  // it was cancelled
  std::optional<boost::asio::steady_timer> grace_;
  SignalLink ending_;
  SignalLink turn_;  // others have theirs
  net::Event settled_;
  bool asked_ = false;
};

/// The work that suits the handler's version. `place` outlives it.
[[nodiscard]] std::unique_ptr<Work> make_work(const Workplace& place, Waiter& reader,
                                              std::shared_ptr<IncomingRequest> request,
                                              std::shared_ptr<ResponseSlot> slot);

}  // namespace wisp::wasi::http
