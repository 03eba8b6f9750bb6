#pragma once

#include "component/link/channels.hpp"
#include "wasi/p3/sockets.hpp"
#include "wasi/p3/stdio.hpp"

#include <any>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace wisp::wasi::bridge {

/// Why a stream of a provider of 0.3 ended before its time.
struct OutcomeError {
  std::string text;
  std::any detail;           ///< as Failure::detail
  bool reader_gone = false;  ///< to a writer that is the ordinary end
};

/// The future in which a provider of 0.3 says how a stream has ended, whatever its type of errors is. Owned
/// by the stream's other end, on its shard.
class Outcome {
 public:
  Outcome() = default;
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;
  virtual ~Outcome() = default;

  /// Begins to read it; `told` is called within what others do and must only schedule.
  virtual void start(std::function<void()> told) = 0;
  [[nodiscard]] virtual bool pending() const noexcept = 0;
  /// Once it is not pending: what it said. Nothing: whoever was to say it is gone.
  [[nodiscard]] virtual std::optional<std::expected<void, OutcomeError>> finish() = 0;
  /// Failure::detail where nothing was said.
  [[nodiscard]] virtual std::any gone() const = 0;
  virtual void close() noexcept = 0;
};

/// What a code says, for each type of codes that providers use.
template <class E>
[[nodiscard]] OutcomeError outcome_error(const E& code);
template <>
[[nodiscard]] OutcomeError outcome_error(const p3::StdioError& code);
template <>
[[nodiscard]] OutcomeError outcome_error(const p3::SocketErrorCode& code);

/// `E`: the type of errors.
template <class E>
class FutureOutcome final : public Outcome {
 public:
  using Said = std::expected<void, E>;
  explicit FutureOutcome(component::Future<Said> future) : future_(std::move(future)) {}

  void start(std::function<void()> told) override {
    future_.on_progress = std::move(told);
    future_.start();
  }
  [[nodiscard]] bool pending() const noexcept override { return future_.pending(); }
  [[nodiscard]] std::optional<std::expected<void, OutcomeError>> finish() override {
    auto said = future_.finish();
    if (!said) return std::nullopt;
    if (*said) return std::expected<void, OutcomeError>();
    return std::unexpected(outcome_error(said->error()));
  }
  [[nodiscard]] std::any gone() const override;
  void close() noexcept override { future_.close(); }

 private:
  component::FutureReader<Said> future_;
};

template <>
[[nodiscard]] std::any FutureOutcome<p3::StdioError>::gone() const;
template <>
[[nodiscard]] std::any FutureOutcome<p3::SocketErrorCode>::gone() const;

}  // namespace wisp::wasi::bridge
