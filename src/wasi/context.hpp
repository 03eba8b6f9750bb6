#pragma once

#include "component/instance/caller.hpp"
#include "net/dns.hpp"
#include "wasi/filesystem/blocking.hpp"
#include "wasi/filesystem/descriptor.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/sockets/access.hpp"
#include "wasi/system/clock.hpp"
#include "wasi/system/quota.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace wisp::wasi {

namespace http {
class Outgoing;
class Routes;
}  // namespace http

/// A directory given to a guest, under the path that it knows it by.
struct Preopen {
  std::shared_ptr<Descriptor> directory;
  std::string guest_path;
};

/// What one guest may hold and ask for at most (design.md §8).
struct Limits {
  std::uint64_t random_bytes = 64ull << 20;  ///< per call; more traps
  std::size_t descriptors = 1024;            ///< open files and directories
  std::size_t file_streams = 1024;  ///< streams on files and directories; each buffers at most 64 KiB
  std::size_t sockets = 256;
  std::size_t lookups = 16;  ///< name look-ups under way
  /// What its HTTP messages hold outside its own memory: fields, targets, bodies that nobody has taken yet.
  std::size_t message_bytes = 32u << 20;
};

/// Where standard streams come from; called at most once a guest, on its shard. Empty: at its end, or
/// swallowed.
using MakeSource = std::function<std::shared_ptr<ByteSource>(boost::asio::io_context&)>;
using MakeSink = std::function<std::shared_ptr<ByteSink>(boost::asio::io_context&)>;

/// The process's own standard streams.
[[nodiscard]] MakeSource inherit_stdin();
[[nodiscard]] MakeSink inherit_stdout();
[[nodiscard]] MakeSink inherit_stderr();
/// Every write is handed to `receive`, on the guest's shard.
[[nodiscard]] MakeSink capture(std::function<void(ByteView)> receive);

/// One standard stream: what it is, and whether the guest is told that a person sits there.
template <class Make>
struct Standard {
  Make make;
  bool terminal = false;
};

/// Everything that guests of a kind share: made once at start, then immutable; used by all shards. Deny by
/// default: an empty Setup lets a guest compute and nothing else.
struct Setup {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<std::string> initial_directory;
  std::vector<Preopen> preopens;
  Standard<MakeSource> input;
  Standard<MakeSink> output;
  Standard<MakeSink> errors;
  std::shared_ptr<const NetworkRules> network = std::make_shared<NetworkRules>();
  std::shared_ptr<net::DnsPool> resolver;  ///< null: no name is found
  std::shared_ptr<BlockingPool> files;     ///< null: file calls block the shard (`wisp run`)
  MonotonicClock clock;
  Limits limits;
};

/// What WASI keeps for one guest (a tree): its share of the limits, its standard streams, what it has looked
/// up. Lives and dies with the tree, on its shard.
class Context : public component::HostContext {
 public:
  Context(std::shared_ptr<const Setup> setup, boost::asio::io_context& loop)
      : setup_(std::move(setup)),
        loop_(loop),
        descriptors_(setup_->limits.descriptors),
        file_streams_(setup_->limits.file_streams),
        sockets_(setup_->limits.sockets),
        lookups_(setup_->limits.lookups),
        message_bytes_(setup_->limits.message_bytes) {}

  [[nodiscard]] const Setup& setup() const noexcept { return *setup_; }
  [[nodiscard]] boost::asio::io_context& loop() const noexcept { return loop_; }
  [[nodiscard]] Blocking blocking() const noexcept { return {&loop_, setup_->files.get()}; }

  /// One stream each, whoever asks: all handles share its place in the data.
  [[nodiscard]] const std::shared_ptr<ByteSource>& input();
  [[nodiscard]] const std::shared_ptr<ByteSink>& output();
  [[nodiscard]] const std::shared_ptr<ByteSink>& errors();

  [[nodiscard]] const std::shared_ptr<NetworkAccess>& network();

  /// wasi:random/insecure-seed: random, and the same whenever this guest asks.
  [[nodiscard]] std::tuple<std::uint64_t, std::uint64_t> insecure_seed();

  /// What it sends HTTP requests through; null: none may be sent. Set by whoever makes the context.
  [[nodiscard]] const std::shared_ptr<http::Outgoing>& outgoing() const noexcept { return outgoing_; }
  void set_outgoing(std::shared_ptr<http::Outgoing> outgoing) noexcept { outgoing_ = std::move(outgoing); }

  /// Components that answer what it sends to certain authorities; null: none. Set by whoever makes the
  /// context.
  [[nodiscard]] const std::shared_ptr<http::Routes>& routes() const noexcept { return routes_; }
  void set_routes(std::shared_ptr<http::Routes> routes) noexcept { routes_ = std::move(routes); }

  [[nodiscard]] Quota& descriptors() noexcept { return descriptors_; }
  [[nodiscard]] Quota& file_streams() noexcept { return file_streams_; }
  [[nodiscard]] Quota& sockets() noexcept { return sockets_; }
  [[nodiscard]] Quota& lookups() noexcept { return lookups_; }
  [[nodiscard]] Quota& message_bytes() noexcept { return message_bytes_; }

 private:
  std::shared_ptr<const Setup> setup_;
  boost::asio::io_context& loop_;
  std::shared_ptr<ByteSource> input_;
  std::shared_ptr<ByteSink> output_;
  std::shared_ptr<ByteSink> errors_;
  std::shared_ptr<NetworkAccess> network_;
  std::optional<std::tuple<std::uint64_t, std::uint64_t>> insecure_seed_;
  std::shared_ptr<http::Outgoing> outgoing_;
  std::shared_ptr<http::Routes> routes_;
  Quota descriptors_;
  Quota file_streams_;
  Quota sockets_;
  Quota lookups_;
  Quota message_bytes_;
};

}  // namespace wisp::wasi
