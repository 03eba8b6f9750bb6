#pragma once

#include "base/function_ref.hpp"

#include <boost/asio/io_context.hpp>

namespace wisp::net {

/// Runs `loop` on this thread until it is stopped or has no work left, as io_context::run() does, for threads
/// that answer many requests.
///
/// Before it sleeps it offers the core to others once. A peer on the same machine uses that to ask again, so
/// that under load neither is put to sleep and woken for each request, which costs more than small requests
/// do. Threads that compute would keep the core for a time slice, while the kernel lets a sleeper in as soon
/// as something arrives; so one that was kept out for long only sleeps for a while.
///
/// `before_sleep` is called each time before it does; it must not throw, nor make work for the loop.
void run_serving(boost::asio::io_context& loop, FunctionRef<void()> before_sleep);

}  // namespace wisp::net
