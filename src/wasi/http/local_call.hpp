#pragma once

#include "wasi/http/contents_origin.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/http/work.hpp"

#include <boost/intrusive/list.hpp>

#include <optional>

namespace wisp::wasi::http {

class LocalHandler;

/// A request of one guest that another one on the same shard answers: the callee's work, and the way of its
/// answer back.
///
/// Held until the work has ended and the response's body is through. Lives on the shard.
class LocalCall final
    : public std::enable_shared_from_this<LocalCall>,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
      private Waiter,
      private ContentsOrigin::Maker {
 public:
  /// What the callee is given. The head is that of the request.
  struct Message {
    Message(boost::asio::io_context& loop, net::http::RequestHead from,
            std::shared_ptr<IncomingBody> contents)
        : head(std::move(from)), body(contents), request(loop, head, std::move(contents)) {}
    net::http::RequestHead head;
    std::shared_ptr<IncomingBody> body;  // null: none
    IncomingRequest request;
    ResponseSlot slot;
  };

  /// What is held for as long as the call: the caller's count of its requests, the handler's of its calls,
  /// and the bytes of the caller's messages, to which those of the response belong.
  struct Shares {
    Quota::Slot sent, received, bytes;
  };

  /// A request that is made of another guest's.
  LocalCall(std::shared_ptr<LocalHandler> owner, std::shared_ptr<Message> message,
            const RequestTimeouts& timeouts, Shares shares);
  /// A request that came in, with the place for its answer: both are handed on.
  LocalCall(std::shared_ptr<LocalHandler> owner, std::shared_ptr<IncomingRequest> request,
            std::shared_ptr<ResponseSlot> slot);
  ~LocalCall();
  LocalCall(const LocalCall&) = delete;
  LocalCall& operator=(const LocalCall&) = delete;

  /// Runs the callee until it ends or pauses for the first time. From the loop.
  void start();
  /// Completes with the answer, or why there is none. Cancelled, it cancels the callee.
  [[nodiscard]] boost::asio::awaitable<PendingResponse::Outcome> answer();
  /// Completes when the work has ended; cancelled, it cancels the callee and waits on. There is an answer
  /// then.
  [[nodiscard]] boost::asio::awaitable<Result<>> ended();

  /// Ends it whatever it does.
  void kill(const Error& reason) { work_->kill(reason); }

 private:
  void wake() noexcept override;
  [[nodiscard]] const Result<>* outcome() const noexcept override {
    return work_->ended() ? &work_->outcome() : nullptr;
  }
  void left(bool whole) noexcept override;
  [[nodiscard]] static boost::asio::awaitable<void> go_on(std::shared_ptr<LocalCall> self);
  void report(const Error& error) const;
  [[nodiscard]] ErrorCode no_answer() const;
  [[nodiscard]] IncomingResponse receive(OutgoingResponse response);

  std::shared_ptr<LocalHandler> owner_;
  std::shared_ptr<Message> message_;  // null: handed on
  std::shared_ptr<IncomingRequest> request_;
  std::shared_ptr<ResponseSlot> slot_;
  RequestTimeouts timeouts_;
  Shares shares_;
  std::unique_ptr<Work> work_;
  ContentsOrigin* origin_ = nullptr;  // of the response, while it is read
  Alarm alarm_;
  net::Event news_;
};

/// Calls between guests of a shard whose callee has not ended.
[[nodiscard]] std::size_t local_calls(boost::asio::io_context& loop);

/// Ends them all.
void kill_local_calls(boost::asio::io_context& loop, const Error& reason);

}  // namespace wisp::wasi::http
