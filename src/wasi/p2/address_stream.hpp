#pragma once

#include "wasi/p2/resources.hpp"
#include "wasi/p2/sockets.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace wisp::wasi::p2 {

/// A look-up under way, and then what it has found. Lives on one shard.
class AddressSource : public Readiness {
 public:
  using Answer = NetworkReply<std::optional<IpAddress>>;

  /// Once it is ready: the address at `index`, or none behind the last one. An Error is a trap.
  [[nodiscard]] virtual Result<Answer> at(std::size_t index) = 0;
};

/// wasi:sockets/ip-name-lookup.resolve-address-stream
class ResolveAddressStream final : public component::HostResource {
 public:
  ResolveAddressStream(std::shared_ptr<AddressSource> source, Quota::Slot slot)
      : source_(std::move(source)), slot_(std::move(slot)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("resolve-address-stream"); }

  [[nodiscard]] Result<AddressSource::Answer> next() {
    if (!source_->ready()) return refuse(SocketError::would_block);
    auto answer = TRY(source_->at(next_));
    if (answer && *answer) ++next_;
    return answer;
  }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(source_, children_.adopt());
  }

 private:
  std::shared_ptr<AddressSource> source_;
  Quota::Slot slot_;
  std::size_t next_ = 0;
  Children children_;
};

}  // namespace wisp::wasi::p2
