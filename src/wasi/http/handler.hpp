#pragma once

#include "component/instance/pool.hpp"
#include "net/event.hpp"
#include "net/http/exchange.hpp"
#include "wasi/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace wisp::wasi::http {

/// How a version of wasi:http is called to handle a request. Immutable; shared by all shards.
class HandlerFace {
 public:
  virtual ~HandlerFace() = default;

  /// The component whose trees handle() takes.
  [[nodiscard]] virtual const std::shared_ptr<const component::Linked>& linked() const noexcept = 0;

  /// Calls the export on the current fiber; an Error is a trap. The answer is in `slot`, if the guest gave
  /// one.
  [[nodiscard]] virtual Result<> handle(component::Tree& tree, component::GuestRun& run,
                                        std::shared_ptr<IncomingRequest> request,
                                        std::shared_ptr<ResponseSlot> slot) const = 0;
};

/// Answers the requests of one shard's server with a component: a tree and a fiber for each.
///
///   the guest traps, or answers with an error code      502 (503 and 504 for codes that mean that)
///   no tree, no memory, no fiber                        503
///   it takes longer than the server's handler_timeout   504, by the server; the guest is cancelled
///   it returns without an answer                        500
///   any of these after the head was sent                the response is aborted
///   the client leaves                                   the guest is cancelled
///
/// Lives on the shard; outlives the server's connections.
class HttpHandler {
 public:
  struct Options {
    /// Told about requests that went wrong: traps, cancelled guests, missing answers. May be empty.
    std::function<void(const net::http::RequestHead&, const Error&)> on_failure;
    /// How long a guest may work on after its response is done. 0: as long as it likes.
    std::chrono::milliseconds afterwards{0};
  };

  HttpHandler(component::Shard& shard, std::shared_ptr<const HandlerFace> face, component::TreePool& pool,
              Options options);
  ~HttpHandler();
  HttpHandler(const HttpHandler&) = delete;
  HttpHandler& operator=(const HttpHandler&) = delete;

  /// One request, from its head to the end of its response.
  [[nodiscard]] boost::asio::awaitable<void> handle(net::http::Exchange& exchange);

  /// Guests at work, those whose response is done included.
  [[nodiscard]] std::uint32_t at_work() const noexcept { return at_work_; }

  /// Cancels all guests at work.
  void cancel_all(const Error& reason);

  /// Completes when no guest is at work.
  [[nodiscard]] boost::asio::awaitable<void> idle();

 private:
  class Session;
  friend class Session;

  component::Shard& shard_;
  std::shared_ptr<const HandlerFace> face_;
  component::TreePool& pool_;
  Options options_;
  Session* sessions_ = nullptr;  // an intrusive list
  std::uint32_t at_work_ = 0;
  net::Event idle_;
};

}  // namespace wisp::wasi::http
