#pragma once

#include "wasi/http/work.hpp"

#include <optional>
#include <string_view>

namespace wisp::wasi::http {

/// One request: the guest's work, and the coroutine that passes its answer on. The work may
/// outlive the exchange: a guest goes on after its response is done.
///
/// Owned by the coroutine of the request, later by one of its own. Destroyed once the work has ended.
class HttpHandler::Session final : public Waiter {
 public:
  Session(HttpHandler& owner, net::http::Exchange& exchange);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs the guest until it ends or pauses for the first time.
  void start();

  /// Whether the guest's work has ended.
  [[nodiscard]] bool worked() const noexcept { return work_->ended(); }
  /// Whether nothing but the answer is left to do.
  [[nodiscard]] bool settled() const noexcept { return work_->settled() && !(body_ && body_->busy()); }

  /// Whether answer() has something to do.
  [[nodiscard]] bool has_news() const noexcept {
    return slot_->answer() || !slot_->interim().empty() || worked() ||
           exchange_->lost() != net::http::Lost::no;
  }
  /// Fires when that may have changed.
  [[nodiscard]] net::Event& news() noexcept { return news_; }

  /// Sends whatever answer there is, as it comes.
  [[nodiscard]] boost::asio::awaitable<void> answer();

  /// Ends the use of the exchange; waits for a guest that still reads the request.
  [[nodiscard]] boost::asio::awaitable<void> leave();

  /// Completes when the work has ended; after `limit`, if that is not zero, the guest is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> ended(std::chrono::milliseconds limit);

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

  void wake() noexcept override { news_.fire(); }
  void departed() noexcept;
  [[nodiscard]] boost::asio::awaitable<void> refuse(std::uint16_t status, std::string_view why);
  [[nodiscard]] boost::asio::awaitable<void> no_answer();
  [[nodiscard]] boost::asio::awaitable<Result<>> send(OutgoingResponse response);
  [[nodiscard]] boost::asio::awaitable<Result<>> send_whole(const net::http::ResponseHead& head,
                                                            OutgoingContents& body);
  [[nodiscard]] boost::asio::awaitable<Result<>> stream(const net::http::ResponseHead& head,
                                                        OutgoingContents& body);
  [[nodiscard]] boost::asio::awaitable<void> send_interim();
  void report(const Error& error) const;
  void report_outcome() const;

  HttpHandler& owner_;
  Session* previous_ = nullptr;
  Session* next_ = nullptr;
  net::http::Exchange* exchange_;       // null after leave()
  std::shared_ptr<IncomingBody> body_;  // null: the request has none
  std::shared_ptr<IncomingRequest> request_;
  std::shared_ptr<ResponseSlot> slot_;
  std::unique_ptr<Work> work_;
  Departure departure_{*this};
  net::Event news_;
};

}  // namespace wisp::wasi::http
