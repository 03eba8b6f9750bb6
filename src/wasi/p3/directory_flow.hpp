#pragma once

#include "component/instance/caller.hpp"
#include "component/link/wit_channels.hpp"
#include "wasi/p3/filesystem_types.hpp"

#include <memory>
#include <tuple>

namespace wisp::wasi::p3 {

/// The entries of a directory, read from the system some at a time. The future tells when the stream has
/// ended before the directory did: also for a name that is not UTF-8, which ends the stream.
[[nodiscard]] std::tuple<component::Stream<EntryRecord>, component::Future<FileReply<>>> read_directory(
    component::Caller& caller, std::shared_ptr<Descriptor> directory);

}  // namespace wisp::wasi::p3
