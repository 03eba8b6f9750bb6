#include "wasi/http/local_call.hpp"

#include "wasi/http/local_handler.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

namespace wisp::wasi::http {

namespace asio = boost::asio;

namespace {

/// Those of one shard. The loop owns it, so that it ends with it.
class LocalCalls final : public asio::execution_context::service {
 public:
  using key_type = LocalCalls;
  // Asio asks for it, and it does not throw.
  inline static asio::execution_context::id id;  // NOLINT(bugprone-throwing-static-initialization)

  explicit LocalCalls(asio::execution_context& loop) : asio::execution_context::service(loop) {}
  boost::intrusive::list<LocalCall, boost::intrusive::constant_time_size<false>> all;

 private:
  void shutdown() override { all.clear(); }
};

}  // namespace

std::size_t local_calls(asio::io_context& loop) { return asio::use_service<LocalCalls>(loop).all.size(); }

void kill_local_calls(asio::io_context& loop, const Error& reason) {
  std::vector<std::shared_ptr<LocalCall>> all;
  for (auto& call : asio::use_service<LocalCalls>(loop).all) all.push_back(call.shared_from_this());
  for (const auto& call : all) call->kill(reason);
}

LocalCall::LocalCall(std::shared_ptr<LocalHandler> owner, std::shared_ptr<Message> message,
                     const RequestTimeouts& timeouts, Shares shares)
    : owner_(std::move(owner)),
      message_(std::move(message)),
      request_(message_, &message_->request),
      slot_(message_, &message_->slot),
      timeouts_(timeouts),
      shares_(std::move(shares)),
      work_(make_work(owner_->place(), *this, request_, slot_)),
      alarm_(owner_->place().shard.loop(), *this) {}

LocalCall::LocalCall(std::shared_ptr<LocalHandler> owner, std::shared_ptr<IncomingRequest> request,
                     std::shared_ptr<ResponseSlot> slot)
    : owner_(std::move(owner)),
      request_(std::move(request)),
      slot_(std::move(slot)),
      work_(make_work(owner_->place(), *this, request_, slot_)),
      alarm_(owner_->place().shard.loop(), *this) {}

LocalCall::~LocalCall() {
  if (!message_) return;
  slot_->attach(nullptr);
  // What the guest still holds of the request ends here, as it does with a connection.
  if (message_->body) message_->body->close();
}

void LocalCall::start() {
  if (message_) slot_->attach(this);
  asio::use_service<LocalCalls>(owner_->place().shard.loop()).all.push_back(*this);
  work_->start();
  // From here on the work keeps the call.
  asio::co_spawn(owner_->place().shard.loop(), go_on(shared_from_this()), asio::detached);
}

asio::awaitable<void> LocalCall::go_on(std::shared_ptr<LocalCall> self) {
  if (!self->work_->settled()) co_await self->work_->finished();
  self->unlink();
  if (const auto& outcome = self->work_->outcome(); !outcome) {
    self->report(outcome.error());
  } else if (self->message_ && !self->slot_->answer()) {
    self->report(Error(Errc::trap_host, "the component returned without an answer"));
  }
}

void LocalCall::wake() noexcept {
  news_.fire();
  if (origin_ != nullptr) origin_->wake();
}

asio::awaitable<PendingResponse::Outcome> LocalCall::answer() {
  alarm_.start(timeouts_.first_byte);
  bool wanted = true;
  while (!slot_->answer() && !work_->ended() && !alarm_.over() && wanted) {
    // Clients of wasi:http get one response: interim ones are skipped, as they are from the network.
    slot_->interim().clear();
    wanted = co_await news_.wait();
  }
  const bool late = alarm_.over();
  alarm_.stop();
  if (!wanted) {
    work_->cancel(Error(Errc::cancelled, "the caller has gone"));
    co_return std::unexpected(ErrorCode::of<ErrorCase::connection_terminated>());
  }
  if (auto& answer = slot_->answer()) {
    auto reply = *std::move(answer);
    if (!reply) co_return std::unexpected(std::move(reply).error());
    co_return receive(*std::move(reply));
  }
  if (late && !work_->ended()) {
    work_->cancel(Error(Errc::deadline, "the caller waits no longer for the first byte"));
    co_return std::unexpected(client_error(Error(Errc::response_timeout, "no answer in time")));
  }
  co_return std::unexpected(no_answer());
}

asio::awaitable<Result<>> LocalCall::ended() {
  bool wanted = true;
  while (!work_->ended()) {
    if (co_await news_.wait()) continue;
    wanted = false;
    // What it does after its answer ends too.
    work_->cancel(Error(Errc::deadline, "the caller has ended"));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }
  if (!slot_->answer() && !work_->outcome()) slot_->set(std::unexpected(no_answer()));
  if (!wanted) co_return fail(Errc::cancelled, "the call was cancelled");
  co_return Result<>();
}

ErrorCode LocalCall::no_answer() const {
  if (work_->outcome())
    return ErrorCode::of<ErrorCase::internal_error>(
        fmt::format("the component {} returned without an answer", owner_->name()));
  const Error& why = work_->outcome().error();
  if (why.code() == Errc::no_capacity || why.code() == Errc::out_of_mappings)
    return ErrorCode::of<ErrorCase::connection_limit_reached>();
  return ErrorCode::of<ErrorCase::internal_error>(
      fmt::format("the component {} failed: {}", owner_->name(), why.message()));
}

IncomingResponse LocalCall::receive(OutgoingResponse response) {
  auto& loop = owner_->place().shard.loop();
  IncomingResponse out{.status = response.status, .fields = std::move(response.fields), .body = nullptr};
  if (!out.fields) out.fields = std::make_shared<net::http::Fields>();
  const bool empty = message_->head.method == "HEAD" || response.status == 204 || response.status == 304;
  if (empty && response.body) response.body->break_off(std::nullopt);
  std::unique_ptr<ContentsOrigin> origin;
  if (!empty && response.body) {
    origin = std::make_unique<ContentsOrigin>(
        loop, std::move(response.body),
        std::shared_ptr<ContentsOrigin::Maker>(shared_from_this(), static_cast<Maker*>(this)),
        timeouts_.between_bytes);
    origin_ = origin.get();
  }
  out.body = std::make_shared<IncomingBody>(loop, std::move(origin), shares_.bytes.sibling());
  return out;
}

void LocalCall::left(bool whole) noexcept {
  origin_ = nullptr;
  if (!whole) work_->cancel(Error(Errc::cancelled, "the caller has gone"));
}

void LocalCall::report(const Error& error) const {
  if (const auto& tell = owner_->options().on_failure)
    tell(request_->head(), Error(error).in(owner_->name()));
}

}  // namespace wisp::wasi::http
