#include "wasi/context.hpp"

#include "wasi/io/fd_stream.hpp"
#include "wasi/io/memory_stream.hpp"
#include "wasi/system/random.hpp"

#include <unistd.h>

namespace wisp::wasi {

namespace {

MakeSink inherit(int fd) {
  return [fd](boost::asio::io_context& loop) { return std::make_shared<FdSink>(loop, fd); };
}

std::shared_ptr<ByteSink> make(const MakeSink& make, boost::asio::io_context& loop) {
  if (make) return make(loop);
  return std::make_shared<CallbackSink>(nullptr);
}

}  // namespace

MakeSource inherit_stdin() {
  return [](boost::asio::io_context& loop) { return std::make_shared<FdSource>(loop, STDIN_FILENO); };
}
MakeSink inherit_stdout() { return inherit(STDOUT_FILENO); }
MakeSink inherit_stderr() { return inherit(STDERR_FILENO); }

MakeSink capture(std::function<void(ByteView)> receive) {
  return [receive = std::move(receive)](boost::asio::io_context&) {
    return std::make_shared<CallbackSink>(receive);
  };
}

const std::shared_ptr<ByteSource>& Context::input() {
  if (!input_) input_ = setup_->input.make ? setup_->input.make(loop_) : std::make_shared<MemorySource>();
  return input_;
}

const std::shared_ptr<ByteSink>& Context::output() {
  if (!output_) output_ = make(setup_->output.make, loop_);
  return output_;
}

const std::shared_ptr<ByteSink>& Context::errors() {
  if (!errors_) errors_ = make(setup_->errors.make, loop_);
  return errors_;
}

std::tuple<std::uint64_t, std::uint64_t> Context::insecure_seed() {
  if (!insecure_seed_) insecure_seed_.emplace(random_u64(), random_u64());
  return *insecure_seed_;
}

const std::shared_ptr<NetworkAccess>& Context::network() {
  if (!network_) network_ = std::make_shared<NetworkAccess>(setup_->network);
  return network_;
}

}  // namespace wisp::wasi
