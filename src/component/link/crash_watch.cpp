#include "component/link/crash_watch.hpp"

namespace wisp::component {

bool is_news(const Error& error) noexcept {
  switch (error.code()) {
    case Errc::cancelled:
    case Errc::trap_poisoned:
    case Errc::guest_exit:
    case Errc::trap_reentrance:
      return false;
    default:
      return true;
  }
}

CrashWatch::CrashWatch(std::shared_ptr<Tree> tree, std::shared_ptr<const Provider> provider)
    : tree_(std::move(tree)), provider_(std::move(provider)) {
  link_.link(tree_->idle(), *this);
}

CrashWatch::~CrashWatch() {
  if (tree_->poisoned()) run();
}

void CrashWatch::wake() noexcept {
  if (!tree_->poisoned()) {
    link_.link(tree_->idle(), *this);
  } else {
    // Later: calls in the tree are told first, which may have somebody to tell.
    tree_->shard().enqueue(*this);
  }
}

void CrashWatch::run() noexcept {
  const auto outcome = tree_->outcome();
  if (claim() && is_news(outcome.error())) provider_->on_crash(Error(outcome.error()).in(provider_->name));
}

}  // namespace wisp::component
