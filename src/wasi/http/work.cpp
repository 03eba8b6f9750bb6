#include "wasi/http/work.hpp"

namespace wisp::wasi::http {

namespace asio = boost::asio;

namespace {

/// A task that waits can be told of its cancellation at once, unless others of its instance have their turn:
/// asked now it would hear of it when it goes on by itself, perhaps never (Canonical ABI,
/// Task.request_cancellation). Fires when that may be over; null: it is.
Signal* turn_of_others(component::Task& task) {
  if (task.resolved() || task.state() == component::Task::State::initial) return nullptr;
  component::ComponentInstance& instance = task.instance();
  if (instance.tree().busy()) return &instance.tree().idle();
  const component::Thread& thread = task.implicit_thread();
  const bool others = instance.exclusive != nullptr && instance.exclusive != &thread;
  return others && thread.cancellable() && task.needs_exclusive() ? &instance.gate() : nullptr;
}

}  // namespace

void Work::start() {
  InstanceQueue& queue = place_.queue;
  if (queue.holds_back()) [[unlikely]]
    return queue.push(*this);
  inside_start_ = true;
  go();
  inside_start_ = false;
}

void Work::admitted() noexcept {
  unqueued_.fire();
  go();
}

/// It was never begun.
void Work::give_up(Error reason) {
  unqueued_.fire();
  end(std::unexpected(std::move(reason)));
}

asio::awaitable<void> Work::finished() {
  while (waits()) static_cast<void>(co_await unqueued_.wait());
  co_await rest();
}

void Work::cancel(const Error& reason) {
  if (!waits()) return ask_to_end(reason);
  leave();
  give_up(reason);
}

void Work::kill(const Error& reason) {
  if (!waits()) return force_to_end(reason);
  leave();
  give_up(reason);
}

SyncWork::SyncWork(const Workplace& place, Waiter& reader, std::shared_ptr<IncomingRequest> request,
                   std::shared_ptr<ResponseSlot> slot)
    : Work(place, reader), run_(place.shard), request_(std::move(request)), slot_(std::move(slot)) {}

void SyncWork::go() {
  if (auto started = run_.start([this] { work(); }); !started) end(std::move(started));
}

/// On the fiber.
void SyncWork::work() {
  auto lease = place().pool.take(run_);
  if (!lease) return end(std::unexpected(std::move(lease).error()));
  lease_.emplace(*std::move(lease));
  auto outcome = place().face->handle(lease_->tree(), run_, std::move(request_), std::move(slot_));
  // Whoever could answer at once does so before the tree is taken down.
  if (!inside_start()) lease_.reset();
  end(std::move(outcome));
}

AsyncWork::AsyncWork(const Workplace& place, Waiter& reader, std::shared_ptr<IncomingRequest> request,
                     std::shared_ptr<ResponseSlot> slot)
    : Work(place, reader), call_(place.face->call(std::move(request), std::move(slot))) {}

AsyncWork::~AsyncWork() {
  if (task_ != nullptr && !task_->ended()) task_->abandon();
}

void AsyncWork::go() {
  if (auto lease = place().pool.find(place().face->lift())) {
    lease_.emplace(*std::move(lease));
    begin();
  } else {
    making_ = std::make_unique<component::GuestRun>(place().shard, this);
    if (auto started = making_->start([this] { make(); }); !started) {
      finish(std::move(started));
    } else if (making_->done()) {
      begin();
    }
  }
}

/// On a fiber: core start functions run there.
void AsyncWork::make() {
  auto lease = place().pool.create(*making_);
  if (!lease) {
    made_ = std::unexpected(std::move(lease).error());
  } else {
    lease_.emplace(*std::move(lease));
  }
}

void AsyncWork::left(component::GuestRun&) noexcept { begin(); }

/// From the loop, with a tree or the reason why there is none.
void AsyncWork::begin() {
  if (reason_) return finish(std::unexpected(*reason_));
  if (!made_) return finish(std::move(made_));
  auto task = lease_->tree().start(place().face->lift(), *call_);
  if (!task) return finish(std::unexpected(std::move(task).error()));
  task_ = *std::move(task);
  look();
  if (!ended()) ending_.link(task_->ending(), *this);
}

void AsyncWork::look() {
  if (ended() || task_ == nullptr || !task_->ended()) return;
  // A trap after the answer, within the body, is the tree's.
  Result<> outcome = lease_->tree().outcome();
  if (call_->outcome() && !*call_->outcome()) outcome = *call_->outcome();
  if (!call_->outcome() && outcome) outcome = fail(Errc::internal, "a task ended without a word");
  if (!outcome && reason_) outcome = std::unexpected(*reason_);
  finish(std::move(outcome));
}

void AsyncWork::finish(Result<> outcome) {
  grace_.reset();
  // Whoever could answer at once does so before a tree is taken down.
  if (lease_ && (!inside_start() || lease_->returns())) lease_.reset();
  end(std::move(outcome));
  settled_.fire();
}

void AsyncWork::run() noexcept {
  look();
  if (!ended() && reason_ && !asked_) ask();
}

void AsyncWork::ask_to_end(const Error& reason) {
  if (ended() || reason_) return;
  // A client that leaves in the middle of a response ends its body; the work after it goes on.
  if (call_->outcome() && reason.code() == Errc::cancelled) return;
  reason_ = reason;
  if (task_ == nullptr) {
    if (making_) making_->cancel(reason);
    return;
  }
  place().shard.enqueue(*this);
}

/// From the loop: asks the guest to end, and waits for that only so long.
void AsyncWork::ask() {
  if (Signal* const turn = turn_of_others(*task_); turn != nullptr) {
    turn_.link(*turn, *this);
  } else {
    asked_ = true;
    if (!call_->outcome()) {
      // A trap ends the task with its tree.
      static_cast<void>(task_->request_cancellation(nullptr));
      look();
      if (ended()) return;
    }
  }
  if (grace_) return;
  grace_.emplace(place().shard.loop(), place().grace);
  grace_->async_wait([this](const boost::system::error_code& error) {
    if (!error && !ended()) lease_->give_up(*reason_);
  });
}

void AsyncWork::force_to_end(const Error& reason) {
  if (ended()) return;
  if (!reason_) reason_ = reason;
  if (task_ == nullptr) {
    if (making_) making_->cancel(reason);
  } else {
    lease_->tree().kill(reason);
  }
}

asio::awaitable<void> AsyncWork::rest() {
  while (!ended()) static_cast<void>(co_await settled_.wait());
}

std::unique_ptr<Work> make_work(const Workplace& place, Waiter& reader,
                                std::shared_ptr<IncomingRequest> request,
                                std::shared_ptr<ResponseSlot> slot) {
  if (place.face->lift().type->async)
    return std::make_unique<AsyncWork>(place, reader, std::move(request), std::move(slot));
  return std::make_unique<SyncWork>(place, reader, std::move(request), std::move(slot));
}

}  // namespace wisp::wasi::http
