#pragma once

#include "wasi/http/handler.hpp"
#include "wasi/http/outgoing.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace wisp::wasi::http {

/// A component that answers requests of other guests on its shard, with no network between them: bodies and
/// trailers stream both ways, a caller that leaves cancels its call, and whatever the component does arrives
/// as an error code.
///
///   it traps, or ends without an answer      internal-error
///   no tree, no memory, no fiber             connection-limit-reached
///   no answer within the first-byte timeout  connection-read-timeout, and its call is cancelled
///   any of these within the body             the body breaks off with that error
///
/// Lives on the shard; shared by whoever calls it and its calls.
class LocalHandler final : public std::enable_shared_from_this<LocalHandler> {
 public:
  struct Options {
    std::string name;             ///< for messages: the file
    component::TreeLimits trees;  ///< of each instance
    component::PoolLimits pool;
    InstanceQueue::Limits queue;
    std::chrono::milliseconds cancel_grace{5'000};  ///< Workplace::grace
    std::size_t calls = 1'000;  ///< at once; more are refused with connection-limit-reached
    /// Told about calls that went wrong. May be empty.
    std::function<void(const net::http::RequestHead&, const Error&)> on_failure;
  };

  /// `make_context` as in TreePool.
  LocalHandler(component::Shard& shard, const std::shared_ptr<const HandlerFace>& face,
               component::TreePool::MakeContext make_context, Options options);
  ~LocalHandler();
  LocalHandler(const LocalHandler&) = delete;
  LocalHandler& operator=(const LocalHandler&) = delete;

  /// Begins to send, as Outgoing::send does. What the request does not say is made up: "http", "localhost",
  /// "/". `slot` is held until the call is through, `share` counts what the response holds.
  [[nodiscard]] std::expected<std::shared_ptr<PendingResponse>, ErrorCode> send(
      OutgoingRequest request, const RequestTimeouts& timeouts, Quota::Slot slot);

  /// Hands on a request that came in; completes when the component has ended, and there is an answer in
  /// `slot`, or it returned without one. Errc::cancelled when this coroutine was: the component has ended
  /// then too.
  [[nodiscard]] boost::asio::awaitable<Result<>> pass_on(std::shared_ptr<IncomingRequest> request,
                                                         std::shared_ptr<ResponseSlot> slot);

  /// Discards instances that have been idle since before `time`.
  void trim(std::chrono::steady_clock::time_point time) { pool_.trim(time); }

  [[nodiscard]] const Workplace& place() const noexcept { return place_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }

 private:
  friend class LocalCall;
  Options options_;
  component::TreePool pool_;
  InstanceQueue queue_;
  Workplace place_;
  Quota calls_;
};

}  // namespace wisp::wasi::http
