#include "component/instance/shard.hpp"

#include <boost/asio/post.hpp>

namespace wisp::component {

Shard::Shard(std::shared_ptr<engine::Engine> engine, engine::FiberOptions fibers)
    : engine_(std::move(engine)), fibers_(fibers) {}

Shard::~Shard() = default;

void Shard::resume_later(engine::Fiber* fiber) {
  boost::asio::post(loop_, [fiber] { fiber->resume(); });
}

void Shard::overrun() {
  overrunning_.push_back(engine::Fiber::current());
  if (!overrun_posted_) {
    overrun_posted_ = true;
    boost::asio::post(loop_, [this] { run_one_overrun(); });
  }
  engine::Fiber::park();
}

void Shard::overrun_begins() {
  if (overrunners_++ == 0) engine_->tick_faster(true);
}

void Shard::overrun_ends() {
  if (--overrunners_ == 0) engine_->tick_faster(false);
}

void Shard::run_one_overrun() {
  overrun_posted_ = false;
  engine::Fiber* fiber = overrunning_.front();
  overrunning_.pop_front();
  if (!overrunning_.empty()) {
    overrun_posted_ = true;
    boost::asio::post(loop_, [this] { run_one_overrun(); });
  }
  fiber->resume();
}

}  // namespace wisp::component
