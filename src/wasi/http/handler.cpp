#include "wasi/http/handler.hpp"

#include "wasi/http/session.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

namespace wisp::wasi::http {

namespace asio = boost::asio;

Result<> HandlerFace::handle(component::Tree&, component::GuestRun&, std::shared_ptr<IncomingRequest>,
                             std::shared_ptr<ResponseSlot>) const {
  return fail(Errc::internal, "the handler is of an async type");
}

std::unique_ptr<HandlerCall> HandlerFace::call(std::shared_ptr<IncomingRequest>,
                                               std::shared_ptr<ResponseSlot>) const {
  return nullptr;
}

HttpHandler::HttpHandler(component::Shard& shard, std::shared_ptr<const HandlerFace> face,
                         component::TreePool& pool, Options options)
    : queue_(shard, pool, face->lift(), options.queue),
      place_{.shard = shard, .face = std::move(face), .pool = pool, .queue = queue_, .grace = options.grace},
      options_(std::move(options)) {}

HttpHandler::~HttpHandler() = default;

asio::awaitable<void> HttpHandler::handle(net::http::Exchange& exchange) {
  auto session = std::make_unique<Session>(*this, exchange);
  session->start();
  if (session->settled()) {
    co_await session->answer();
    session->report_outcome();
    co_await session->leave();
    co_return;
  }
  // From here on a cancelled coroutine must not leave: what the server wants arrives through
  // Exchange::lost().
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  // Here and not in answer(): one coroutine less for each request that waits.
  while (!session->has_news()) static_cast<void>(co_await session->news().wait());
  co_await session->answer();
  co_await session->leave();
  if (session->worked()) {
    if (!session->settled()) co_await session->ended({});
    session->report_outcome();
  } else {
    asio::co_spawn(
        place_.shard.loop(),
        [](std::unique_ptr<Session> rest, std::chrono::milliseconds limit) -> asio::awaitable<void> {
          co_await rest->ended(limit);
          rest->report_outcome();
        }(std::move(session), options_.afterwards),
        asio::detached);
  }
  co_await asio::this_coro::reset_cancellation_state();
}

void HttpHandler::cancel_all(const Error& reason) {
  for (Session* session = sessions_; session != nullptr; session = session->next_)
    session->work_->kill(reason);
}

asio::awaitable<void> HttpHandler::idle() {
  while (at_work_ != 0) {
    if (!co_await idle_.wait()) break;
  }
}

}  // namespace wisp::wasi::http
