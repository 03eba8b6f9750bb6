#pragma once

#include "wasi/http/handler.hpp"

#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <string_view>

namespace wisp::wasi::http {

/// One request: the guest's work on a fiber, and the coroutine that passes its answer on. The work may
/// outlive the exchange: a guest goes on after its response is done.
///
/// Owned by the coroutine of the request, later by one of its own. Destroyed once the work has ended.
class HttpHandler::Session final : private Waiter {
 public:
  Session(HttpHandler& owner, net::http::Exchange& exchange);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs the guest until it ends or pauses for the first time.
  void start();

  /// Whether the guest's work has ended.
  [[nodiscard]] bool worked() const noexcept { return worked_; }
  /// Whether nothing but the answer is left to do.
  [[nodiscard]] bool settled() const noexcept { return run_.done() && !(body_ && body_->busy()); }

  /// Sends whatever answer there is, as it comes.
  [[nodiscard]] boost::asio::awaitable<void> answer();

  /// Ends the use of the exchange; waits for a guest that still reads the request.
  [[nodiscard]] boost::asio::awaitable<void> leave();

  /// Completes when the work has ended; after `limit`, if that is not zero, the guest is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> ended(std::chrono::milliseconds limit);

  void cancel(const Error& reason) { run_.cancel(reason); }

 private:
  friend class HttpHandler;

  /// Cancels the guest when nobody waits for its answer any more.
  class Departure final : public Waiter {
   public:
    explicit Departure(Session& session) : session_(&session) {}
    void watch(Signal& signal) { link_.link(signal, *this); }
    void forget() { link_.unlink(); }
    void wake() noexcept override { session_->departed(); }

   private:
    Session* session_;
    SignalLink link_;
  };

  void work();
  void wake() noexcept override { news_.fire(); }
  void departed() noexcept;
  [[nodiscard]] boost::asio::awaitable<void> refuse(std::uint16_t status, std::string_view why);
  [[nodiscard]] boost::asio::awaitable<void> no_answer();
  [[nodiscard]] boost::asio::awaitable<Result<>> send(OutgoingResponse response);
  [[nodiscard]] boost::asio::awaitable<Result<>> send_whole(const net::http::ResponseHead& head,
                                                            OutgoingBody& body);
  [[nodiscard]] boost::asio::awaitable<Result<>> stream(const net::http::ResponseHead& head,
                                                        OutgoingBody& body);
  [[nodiscard]] boost::asio::awaitable<void> send_interim();
  void report(const Error& error) const;

  HttpHandler& owner_;
  Session* previous_ = nullptr;
  Session* next_ = nullptr;
  net::http::Exchange* exchange_;  // null after leave()
  component::GuestRun run_;
  std::shared_ptr<IncomingBody> body_;  // null: the request has none
  std::shared_ptr<IncomingRequest> request_;
  std::shared_ptr<ResponseSlot> slot_;
  std::optional<component::TreePool::Lease> lease_;
  Result<> outcome_;
  Departure departure_{*this};
  net::Event news_;
  bool inside_start_ = false;
  bool worked_ = false;
};

}  // namespace wisp::wasi::http
