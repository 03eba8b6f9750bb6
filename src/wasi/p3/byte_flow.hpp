#pragma once

#include "component/link/wit_channels.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/system/quota.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>

/// Streams of the core (standard streams, files) as streams of a guest. Bytes go between the core and the
/// buffer of the guest's pending operation, within that operation when the core is ready. A flow goes on by
/// itself until it is over, also after the guest that began it.
namespace wisp::wasi::p3 {

/// Told once, when the flow is over and its stream closed. An error: the core's end came first.
using FlowDone = std::move_only_function<void(StreamResult<>)>;

/// The end that a guest reads what `source` has from. Nothing is taken from the source that nobody wants to
/// read. Over when the source ends (in good order or not) or the reader drops the stream, which is no error.
/// `slot`: the quota it counts against, until it is over.
[[nodiscard]] component::Stream<std::uint8_t> flow_from(std::shared_ptr<ByteSource> source, Quota::Slot slot,
                                                        FlowDone done);

/// Passes what comes out of `data` to `sink`, at once and piece by piece, each when the one before has gone.
/// Over when the writer has dropped the stream and the sink has passed everything on, or when the sink
/// breaks or ends before. `slot` as above. A sink that is slow is waited for on `loop`.
void flow_to(boost::asio::io_context& loop, component::Stream<std::uint8_t> data,
             std::shared_ptr<ByteSink> sink, Quota::Slot slot, FlowDone done);

}  // namespace wisp::wasi::p3
