#pragma once

#include "component/link/component_function.hpp"
#include "component/link/provider_queue.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/p2/filesystem_types.hpp"
#include "wasi/p2/resources.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <vector>

/// Streams that a provider of 0.2 gives: the host's own, or of resources that it defines.
namespace wisp::wasi::bridge {

/// Resources of wasi:io that a provider may define itself.
struct OldIoError {
  static constexpr std::string_view kInterface = "wasi:io/error@0.2", kName = "error";
};
struct OldInputStream {
  static constexpr std::string_view kInterface = "wasi:io/streams@0.2", kName = "input-stream";
};
struct OldOutputStream {
  static constexpr std::string_view kInterface = "wasi:io/streams@0.2", kName = "output-stream";
};
struct OldPollable {
  static constexpr std::string_view kInterface = "wasi:io/poll@0.2", kName = "pollable";
};
[[nodiscard]] std::vector<component::KnownResource> known_streams();

/// The provider defines R itself.
template <component::NamesResource R>
[[nodiscard]] bool owns(const component::ProviderRef& from) {
  return component::defines_resource(*from.provider, R::kInterface, R::kName);
}

using Queue = std::shared_ptr<component::ProviderQueue>;

/// The provider has gone, which is told to the operator.
[[nodiscard]] std::unexpected<StreamEnd> gone(component::ProviderQueue& queue, const Error& error,
                                              std::string_view export_name);

/// How bytes are read from handles H of input-streams that a provider gives.
template <class H>
class Reading;

/// The host's.
template <>
class Reading<std::unique_ptr<p2::InputStream>> {
 public:
  [[nodiscard]] static Result<Reading> find(const component::ProviderRef&) { return Reading(); }
  /// As Puller::pull(). By a coroutine that keeps this and `stream`.
  [[nodiscard]] boost::asio::awaitable<StreamResult<Bytes>> read(const Queue& queue,
                                                                 std::unique_ptr<p2::InputStream>& stream,
                                                                 std::size_t most) const;
};

/// How the provider says why a stream of its own has failed: its error's code where the stream is a file's.
class StreamFailures {
 public:
  [[nodiscard]] static Result<StreamFailures> find(const component::ProviderRef& from);
  [[nodiscard]] boost::asio::awaitable<StreamEnd> explain(const Queue& queue,
                                                          component::Foreign<OldIoError> error) const;
  [[nodiscard]] boost::asio::awaitable<StreamEnd> explain(const Queue& queue,
                                                          std::unique_ptr<p2::IoError> error) const;

 private:
  std::optional<component::ProviderFunction<std::optional<p2::FileErrorCode>(component::Lent<OldIoError>)>>
      code_;
};

/// wasi:io/streams.stream-error with the provider's error, and with the host's.
struct OwnStreamError {
  std::variant<component::Foreign<OldIoError>, component::Unit> value;
};
WISP_VARIANT(OwnStreamError, "last-operation-failed", "closed")
struct HostStreamError {
  std::variant<std::unique_ptr<p2::IoError>, component::Unit> value;
};
WISP_VARIANT(HostStreamError, "last-operation-failed", "closed")

/// The provider's: its blocking-read().
template <>
class Reading<component::Foreign<OldInputStream>> {
 public:
  [[nodiscard]] static Result<Reading> find(const component::ProviderRef& from);
  [[nodiscard]] boost::asio::awaitable<StreamResult<Bytes>> read(
      const Queue& queue, const component::Foreign<OldInputStream>& stream, std::size_t most) const;

 private:
  template <class E>
  using Read =
      component::ProviderFunction<std::expected<Bytes, E>(component::Lent<OldInputStream>, std::uint64_t)>;
  template <class E>
  [[nodiscard]] boost::asio::awaitable<StreamResult<Bytes>> read_with(
      const Read<E>& function, const Queue& queue, const component::Foreign<OldInputStream>& stream,
      std::size_t most) const;

  StreamFailures failures_;
  std::optional<Read<OwnStreamError>> own_;
  std::optional<Read<HostStreamError>> hosts_;
};

/// How bytes are written to handles H of output-streams that a provider gives.
template <class H>
class Writing;

template <>
class Writing<std::unique_ptr<p2::OutputStream>> {
 public:
  [[nodiscard]] static Result<Writing> find(const component::ProviderRef&) { return Writing(); }
  /// As Pusher::push(). By a coroutine that keeps this and `stream`.
  [[nodiscard]] boost::asio::awaitable<StreamResult<>> write(const Queue& queue,
                                                             std::unique_ptr<p2::OutputStream>& stream,
                                                             ByteView bytes) const;
};

/// Its blocking-write-and-flush().
template <>
class Writing<component::Foreign<OldOutputStream>> {
 public:
  [[nodiscard]] static Result<Writing> find(const component::ProviderRef& from);
  [[nodiscard]] boost::asio::awaitable<StreamResult<>> write(
      const Queue& queue, const component::Foreign<OldOutputStream>& stream, ByteView bytes) const;

 private:
  template <class E>
  using Write = component::ProviderFunction<std::expected<void, E>(component::Lent<OldOutputStream>, Bytes)>;
  template <class E>
  [[nodiscard]] boost::asio::awaitable<StreamResult<>> write_with(
      const Write<E>& function, const Queue& queue, const component::Foreign<OldOutputStream>& stream,
      ByteView bytes) const;

  StreamFailures failures_;
  std::optional<Write<OwnStreamError>> own_;
  std::optional<Write<HostStreamError>> hosts_;
};

}  // namespace wisp::wasi::bridge
