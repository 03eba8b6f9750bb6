#pragma once

#include "wasi/io/blocking_pool.hpp"

namespace wisp::wasi {

/// Where blocking file calls are made.
struct Blocking {
  boost::asio::io_context* loop;
  BlockingPool* pool;  ///< null: at once, on the loop's thread (a process that serves one guest)
};

}  // namespace wisp::wasi
