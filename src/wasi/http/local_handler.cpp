#include "wasi/http/local_handler.hpp"

#include "wasi/http/local_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace wisp::wasi::http {

namespace asio = boost::asio;

LocalHandler::LocalHandler(component::Shard& shard, const std::shared_ptr<const HandlerFace>& face,
                           component::TreePool::MakeContext make_context, Options options)
    : options_(std::move(options)),
      pool_(face->linked(), options_.trees, options_.pool, std::move(make_context)),
      queue_(shard, pool_, face->lift(), options_.queue),
      place_{.shard = shard, .face = face, .pool = pool_, .queue = queue_, .grace = options_.cancel_grace},
      calls_(options_.calls) {}

LocalHandler::~LocalHandler() = default;

std::expected<std::shared_ptr<PendingResponse>, ErrorCode> LocalHandler::send(OutgoingRequest request,
                                                                              const RequestTimeouts& timeouts,
                                                                              Quota::Slot slot) {
  const auto refuse = [&](ErrorCode code) {
    if (request.body) request.body->break_off(Failure{.text = "the request was refused", .detail = code});
    return std::unexpected(std::move(code));
  };
  auto counted = calls_.take();
  if (!counted) return refuse(ErrorCode::of<ErrorCase::connection_limit_reached>());
  auto& loop = place_.shard.loop();
  net::http::RequestHead head;
  head.method = std::move(request.method);
  head.scheme = std::move(request.scheme).value_or("http");
  head.authority = std::move(request.authority).value_or("localhost");
  head.path_with_query = std::move(request.path_with_query).value_or("/");
  if (!head.path_with_query.starts_with('/') && head.path_with_query != "*")
    head.path_with_query.insert(0, "/");
  head.fields = take(std::move(request.fields));

  std::shared_ptr<IncomingBody> body;
  if (request.body)
    body =
        std::make_shared<IncomingBody>(loop, std::make_unique<ContentsOrigin>(loop, std::move(request.body)));
  auto call = std::make_shared<LocalCall>(
      shared_from_this(), std::make_shared<LocalCall::Message>(loop, std::move(head), std::move(body)),
      timeouts,
      LocalCall::Shares{
          .sent = std::move(slot), .received = *std::move(counted), .bytes = std::move(request.share)});

  auto pending = std::make_shared<PendingResponse>();
  // Later: this is the caller's stack, and what it does next (write a short body, finish it) is done then.
  asio::co_spawn(
      loop,
      [](std::shared_ptr<LocalCall> made, std::shared_ptr<PendingResponse> to) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        made->start();
        to->resolve(co_await made->answer());
      }(std::move(call), pending),
      asio::bind_cancellation_slot(pending->cancel_.slot(), [pending](std::exception_ptr failed) {
        if (failed) pending->resolve(std::unexpected(ErrorCode::of<ErrorCase::connection_terminated>()));
      }));
  return pending;
}

asio::awaitable<Result<>> LocalHandler::pass_on(std::shared_ptr<IncomingRequest> request,
                                                std::shared_ptr<ResponseSlot> slot) {
  const auto call = std::make_shared<LocalCall>(shared_from_this(), std::move(request), std::move(slot));
  call->start();
  co_return co_await call->ended();
}

}  // namespace wisp::wasi::http
