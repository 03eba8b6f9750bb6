#pragma once

#include "component/instance/host_resource.hpp"
#include "component/link/provider_queue.hpp"
#include "component/link/wit_provider.hpp"
#include "wasi/system/quota.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What both bridges of wasi:filesystem/types are made of.
namespace wisp::wasi::bridge {

/// A descriptor of the provider, its resource R. Kept by the handle, and by what goes on with it.
template <component::NamesResource R>
struct ProvidedFile {
  std::shared_ptr<component::ProviderQueue> queue;
  Quota::Slot slot;
  component::Foreign<R> object;
};

/// The importer's descriptor over a provider's R.
template <component::NamesResource R>
class FileHandle final : public component::HostResource {
 public:
  using File = std::shared_ptr<ProvidedFile<R>>;

  explicit FileHandle(File file) : file_(std::move(file)) {}
  [[nodiscard]] const File& share() const noexcept { return file_; }
  Result<> dropped(component::GuestRun& run) override {
    const auto file = std::move(file_);
    return file.use_count() == 1 ? file->object.dropped(run) : Result<>{};
  }

 private:
  File file_;
};

/// The path of a descriptor's method among the exports.
[[nodiscard]] inline std::vector<std::string> descriptor_method(const std::string& interface,
                                                                std::string_view name) {
  return {interface, fmt::format("[method]descriptor.{}", name)};
}

/// What the caller is told when `Convert` has made a Result<U> of a T.
template <class T, class Convert>
struct Told {
  using Value = typename std::invoke_result_t<Convert&, T>::value_type;
};
template <class Convert>
struct Told<void, Convert> {
  using Value = void;
};

struct AsItIs {
  template <class T>
  Result<T> operator()(T value) const {
    return value;
  }
};

}  // namespace wisp::wasi::bridge
