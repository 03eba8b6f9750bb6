#pragma once

#include "component/instance/caller.hpp"
#include "component/link/wit_channels.hpp"
#include "wasi/p3/filesystem_types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>

/// The contents of files as streams. Whatever is wrong is told by the future, at the latest when the stream
/// has ended.
namespace wisp::wasi::p3 {

using FileFuture = component::Future<FileReply<>>;

/// From `offset` to the end of the file.
[[nodiscard]] std::tuple<component::Stream<std::uint8_t>, FileFuture> read_file(
    component::Caller& caller, std::shared_ptr<Descriptor> file, std::uint64_t offset);

/// From `offset` on, or without one at the end of the file, wherever that is then. The future tells when all
/// of `data` is in the file.
[[nodiscard]] FileFuture write_file(component::Caller& caller, std::shared_ptr<Descriptor> file,
                                    component::Stream<std::uint8_t> data,
                                    std::optional<std::uint64_t> offset);

}  // namespace wisp::wasi::p3
