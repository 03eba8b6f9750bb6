#pragma once

#include "component/instance/pool.hpp"
#include "net/event.hpp"
#include "net/http/exchange.hpp"
#include "wasi/http/instance_queue.hpp"
#include "wasi/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace wisp::wasi::http {

/// A call of a handler of an async type: gives the request, puts the answer into the slot. Told once how the
/// call went.
class HandlerCall : public component::CallSource {
 public:
  HandlerCall(std::shared_ptr<IncomingRequest> request, std::shared_ptr<ResponseSlot> slot) noexcept
      : request_(std::move(request)), slot_(std::move(slot)) {}
  virtual ~HandlerCall() = default;

  /// Nothing until it has resolved; then that, or why it did not.
  [[nodiscard]] const std::optional<Result<>>& outcome() const noexcept { return outcome_; }

  void cancelled() noexcept final { end(fail(Errc::cancelled, "the call was cancelled")); }
  void failed(const Error& error) noexcept final { end(std::unexpected(error)); }

 protected:
  [[nodiscard]] std::shared_ptr<IncomingRequest> take_request() noexcept { return std::move(request_); }
  void answer(ResponseSlot::Answer answer) {
    const auto slot = std::move(slot_);
    end({});
    slot->set(std::move(answer));
  }

 private:
  void end(Result<> outcome) {
    outcome_.emplace(std::move(outcome));
    slot_.reset();
  }

  std::shared_ptr<IncomingRequest> request_;
  std::shared_ptr<ResponseSlot> slot_;
  std::optional<Result<>> outcome_;
};

/// How a version of wasi:http is called to handle a request. Immutable; shared by all shards.
class HandlerFace {
 public:
  virtual ~HandlerFace() = default;

  /// The component whose trees are called.
  [[nodiscard]] virtual const std::shared_ptr<const component::Linked>& linked() const noexcept = 0;
  /// The export.
  [[nodiscard]] virtual const component::Lift& lift() const noexcept = 0;

  /// An export of a sync type: calls it on the current fiber; an Error is a trap. The answer is in `slot`, if
  /// the guest gave one.
  [[nodiscard]] virtual Result<> handle(component::Tree& tree, component::GuestRun& run,
                                        std::shared_ptr<IncomingRequest> request,
                                        std::shared_ptr<ResponseSlot> slot) const;
  /// An export of an async type: what Tree::start is given.
  [[nodiscard]] virtual std::unique_ptr<HandlerCall> call(std::shared_ptr<IncomingRequest> request,
                                                          std::shared_ptr<ResponseSlot> slot) const;
};

/// Where calls of a handler run: a component's trees on one shard. Outlives the calls.
struct Workplace {
  component::Shard& shard;
  std::shared_ptr<const HandlerFace> face;
  component::TreePool& pool;
  InstanceQueue& queue;
  /// How long a call of an async type may take to end once it is cancelled; then its tree gets no new
  /// calls, and ends with the last that goes on.
  std::chrono::milliseconds grace{5'000};
};

/// Answers the requests of one shard's server with a component.
///
///   the guest traps, or answers with an error code      502 (503 and 504 for codes that mean that)
///   no tree within the queue's patience, no memory, no fiber    503
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
    /// How long a call of an async type may take to end once it is cancelled; then its tree gets no new
    /// calls, and ends with the last that goes on.
    std::chrono::milliseconds grace{5'000};
    InstanceQueue::Limits queue;
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
  /// Requests that wait for an instance. Counts them.
  [[nodiscard]] std::uint32_t queued() const noexcept { return queue_.waiting(); }

  /// Ends all guests at work.
  void cancel_all(const Error& reason);

  /// Completes when no guest is at work.
  [[nodiscard]] boost::asio::awaitable<void> idle();

 private:
  class Session;
  friend class Session;

  InstanceQueue queue_;
  Workplace place_;
  Options options_;
  Session* sessions_ = nullptr;  // an intrusive list
  std::uint32_t at_work_ = 0;
  net::Event idle_;
};

}  // namespace wisp::wasi::http
