#include "wasi/bridge/wait_task.hpp"

#include <boost/asio/post.hpp>

namespace wisp::wasi::bridge {

using component::Caller;
using component::CallSide;
using component::FlatSpan;
using component::Session;
using component::TaskRef;
using component::Tree;

namespace {

/// Shared by the pollables made of it, which may outlive both trees. Lives on their shard.
class WaitTask final : public Readiness, private component::CallSource {
 public:
  WaitTask(Caller& caller, Session& session, const std::shared_ptr<Tree>& tree, std::uint64_t argument)
      : loop_(caller.loop()),
        caller_(&caller.tree()),
        session_(session.weak_from_this()),
        tree_(tree),
        argument_(argument) {}

  ~WaitTask() override {
    if (told_ || task_ == nullptr) return;
    task_->abandon();
    // Not from here: the caller is on the stack.
    boost::asio::post(loop_, [weak = tree_, task = task_] {
      const auto tree = weak.lock();
      // A trap that comes of it is the end of the task, too.
      if (tree && !task->ended()) static_cast<void>(task->request_cancellation(nullptr));
    });
  }

  Result<> start(Tree& tree, const component::Lift& lift) {
    task_ = TRY(tree.start(lift, *this));
    if (told_) task_ = nullptr;
    return {};
  }

  [[nodiscard]] bool ready() override { return told_; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }
  [[nodiscard]] bool passes_time() const noexcept override { return true; }

 private:
  Result<> start(CallSide& callee, FlatSpan params) override {
    return Wait::lower(callee, params, argument_);
  }
  Result<> resolve(CallSide&, FlatSpan) override {
    tell();
    return {};
  }
  void cancelled() noexcept override { tell(); }
  void failed(const Error& error) noexcept override {
    tell();
    // Its end is how this crash is told.
    if (const auto session = session_.lock()) static_cast<void>(session->claim());
    // The session is the caller's: while there is one, there is the other.
    boost::asio::post(loop_, [session = session_, caller = caller_, error] {
      if (const auto alive = session.lock()) caller->kill(error);
    });
  }

  void tell() {
    told_ = true;
    // Its tree keeps it for as long as it goes on.
    task_ = nullptr;
    changed_.fire();
  }

  boost::asio::io_context& loop_;
  Tree* caller_;
  std::weak_ptr<Session> session_;
  std::weak_ptr<Tree> tree_;
  std::uint64_t argument_;
  TaskRef task_;
  Signal changed_;
  bool told_ = false;
};

}  // namespace

Result<std::shared_ptr<Readiness>> start_wait(Caller& caller, const Wait& wait, std::uint64_t argument) {
  const auto tree = TRY(wait.tree(caller, kWaitInstances));
  auto& session = wait.session(caller);
  auto task = std::make_shared<WaitTask>(caller, session, tree, argument);
  TRY(task->start(*tree, wait.lifted()));
  // It may be given up, and crash then.
  if (!task->ready()) session.watch(*tree, wait.share_provider());
  return task;
}

}  // namespace wisp::wasi::bridge
