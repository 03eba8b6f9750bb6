#pragma once

#include "component/instance/caller.hpp"
#include "component/instance/host_resource.hpp"
#include "component/link/host_abi.hpp"
#include "component/link/host_function.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace wisp::component {

/// The functions and resources of one WIT interface that the host provides, under its canonical name
/// ("wasi:io/streams@0.2").
///
/// A function is any callable `R f(Caller&, A…)`. A… and R are C++ types that stand for WIT types
/// (host_abi.hpp):
///   bool, integers, float, double, char32_t          themselves
///   std::string, std::string_view (parameter: valid until the function pauses or returns)   string
///   std::vector<T>, ByteView (list<u8>; parameter: valid until the function pauses or returns)  list<T>
///   std::optional<T>, std::tuple<…>, std::expected<T, E> (T may be void; E may be Unit)       option, tuple,
///   result enums, flags, records, variants declared by WISP_ENUM, WISP_FLAGS, WISP_RECORD, WISP_VARIANT T&
///   where T is a HostResource (parameter)         borrow<t> std::unique_ptr<T> where T is a HostResource
///   own<t>
/// R may be wrapped in Result<…>: an Error is a trap. R may be awaitable<Result<…>>: the guest pauses until
/// it is done (views must then not be used). A sync function may also pause the guest itself through Caller
/// and GuestWaiter.
class HostInterface {
 public:
  /// Provides a function. `name` as in the binary: "read", "[method]input-stream.read",
  /// "[constructor]fields".
  template <class F>
  HostInterface& function(std::string name, F callable);

  /// Provides a function of an async type ("async func" in WIT). R is as above, or Eventually<T>: a result at
  /// once, one that a signal announces, or a coroutine. A coroutine runs beside the guest; when the guest
  /// cancels the call it is cancelled through its slot and answers Errc::cancelled. Its reference and
  /// resource parameters stay good until it ends, views do not.
  template <class F>
  HostInterface& async_function(std::string name, F callable);

  /// Provides a resource type: handles of `name` are T objects.
  template <class T>
  HostInterface& resource(std::string name);

  /// Names a switch (a command-line flag) that would provide `name`; until then importing it is
  /// Errc::import_gated.
  HostInterface& gated(std::string name, std::string flag);

  [[nodiscard]] const HostFunction* find_function(std::string_view name) const;
  [[nodiscard]] const HostResourceType* find_resource(std::string_view name) const;
  [[nodiscard]] const std::string* find_gate(std::string_view name) const;

 private:
  std::map<std::string, std::unique_ptr<HostFunction>, std::less<>> functions_;
  std::map<std::string, HostResourceType, std::less<>> resources_;
  std::map<std::string, std::string, std::less<>> gates_;
};

/// All interfaces a host provides. Built once at start, then immutable and shared by all shards.
class HostLinker {
 public:
  /// The interface of that name ("wasi:io/streams@0.2.12": any version with the same canonical name meets
  /// it).
  HostInterface& interface(std::string_view name);
  [[nodiscard]] const HostInterface* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, HostInterface, std::less<>> interfaces_;
};

template <class F>
HostInterface& HostInterface::function(std::string name, F callable) {
  functions_.insert_or_assign(std::move(name), make_host_function(std::move(callable)));
  return *this;
}

template <class F>
HostInterface& HostInterface::async_function(std::string name, F callable) {
  functions_.insert_or_assign(std::move(name), make_async_host_function(std::move(callable)));
  return *this;
}

template <class T>
HostInterface& HostInterface::resource(std::string name) {
  resources_.insert_or_assign(std::move(name), HostResourceType{host_type_tag<T>()});
  return *this;
}

}  // namespace wisp::component
