#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/system/quota.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

/// The handles of wasi:io as guests hold them: thin owners of core objects. wasi:filesystem, wasi:sockets and
/// wasi:http make them; only wasi:io has functions on them.
namespace wisp::wasi::p2 {

/// One child of a handle; the parent cannot be dropped by its guest while it lives.
class ChildToken {
 public:
  ChildToken() = default;

 private:
  friend class Children;
  explicit ChildToken(std::shared_ptr<const char> token) : token_(std::move(token)) {}
  std::shared_ptr<const char> token_;
};

/// What a handle that can have children keeps. Parent and children may be destroyed in any order (a tree that
/// ends).
class Children {
 public:
  [[nodiscard]] ChildToken adopt() {
    if (!token_) token_ = std::make_shared<const char>();
    return ChildToken(token_);
  }
  [[nodiscard]] bool any() const noexcept { return token_.use_count() > 1; }

  /// For HostResource::may_drop: a trap that names `what` while children live.
  [[nodiscard]] Result<> none_left(std::string_view what) const;

 private:
  std::shared_ptr<const char> token_;  // null until there is a first child
};

/// wasi:io/error.error
class IoError final : public component::HostResource {
 public:
  explicit IoError(std::unique_ptr<Failure> failure) : failure_(std::move(failure)) {}
  [[nodiscard]] const Failure& failure() const noexcept { return *failure_; }

 private:
  std::unique_ptr<Failure> failure_;
};

/// wasi:io/poll.pollable; a child of the handle it was made from.
class Pollable final : public component::HostResource {
 public:
  explicit Pollable(std::shared_ptr<Readiness> readiness, ChildToken parent = {})
      : readiness_(std::move(readiness)), parent_(std::move(parent)) {}
  [[nodiscard]] Readiness& readiness() noexcept { return *readiness_; }

 private:
  std::shared_ptr<Readiness> readiness_;
  ChildToken parent_;
};

/// wasi:io/streams.input-stream
class InputStream final : public component::HostResource {
 public:
  /// `slot`: the quota it counts against.
  explicit InputStream(std::shared_ptr<ByteSource> source, ChildToken parent = {}, Quota::Slot slot = {})
      : source_(std::move(source)), parent_(std::move(parent)), slot_(std::move(slot)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("input-stream"); }

  [[nodiscard]] ByteSource& source() noexcept { return *source_; }
  [[nodiscard]] const std::shared_ptr<ByteSource>& share() const noexcept { return source_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(source_, children_.adopt());
  }

 private:
  std::shared_ptr<ByteSource> source_;
  Children children_;
  ChildToken parent_;
  Quota::Slot slot_;
};

/// wasi:io/streams.output-stream
class OutputStream final : public component::HostResource {
 public:
  /// `slot`: the quota it counts against.
  explicit OutputStream(std::shared_ptr<ByteSink> sink, ChildToken parent = {}, Quota::Slot slot = {})
      : sink_(std::move(sink)), parent_(std::move(parent)), slot_(std::move(slot)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("output-stream"); }
  /// Waits for a write that is under way, so that the guest finds it in the file; 30 seconds at most.
  [[nodiscard]] Result<> dropped(component::GuestRun& run) override;

  [[nodiscard]] ByteSink& sink() noexcept { return *sink_; }
  [[nodiscard]] const std::shared_ptr<ByteSink>& share() const noexcept { return sink_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(sink_, children_.adopt());
  }

  /// Bytes that the last check-write still permits; a write beyond them traps.
  [[nodiscard]] std::size_t permit() const noexcept { return permit_; }
  void set_permit(std::size_t bytes) noexcept { permit_ = bytes; }

 private:
  std::shared_ptr<ByteSink> sink_;
  std::size_t permit_ = 0;
  Children children_;
  ChildToken parent_;
  Quota::Slot slot_;
};

}  // namespace wisp::wasi::p2
