#pragma once

#include "component/instance/caller.hpp"
#include "component/link/host_task.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/filesystem_types.hpp"
#include "wasi/p3/wait.hpp"

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

/// Blocking file calls as functions of an async type.
namespace wisp::wasi::p3 {

namespace file_call {

/// What the guest is told, of what a call returned.
template <class Call, class Convert>
auto told(std::invoke_result_t<Call&> result, Convert& convert) {
  using Value = typename std::invoke_result_t<Call&>::value_type;
  if constexpr (std::is_void_v<Value>) {
    return result ? FileReply<>() : FileReply<>(refuse(result.error()));
  } else {
    using Reply = FileReply<std::remove_cvref_t<std::invoke_result_t<Convert&, Value>>>;
    if (!result) return Reply(refuse(result.error()));
    return Reply(convert(std::move(*result)));
  }
}

template <class Call, class Convert>
using Told =
    decltype(told<Call, Convert>(std::declval<std::invoke_result_t<Call&>>(), std::declval<Convert&>()));

template <class Call, class Convert>
boost::asio::awaitable<Result<Told<Call, Convert>>> wait_for(
    std::shared_ptr<BlockingJob<std::invoke_result_t<Call&>>> job, Convert convert) {
  if (!co_await until_ready(*job)) co_return fail(Errc::cancelled, "the file call was cancelled");
  co_return told<Call, Convert>(std::move(*job->result), convert);
}

}  // namespace file_call

/// Makes the call where the context says: at once, or on the pool, and then it is waited for. `call` returns
/// an FsResult and owns what it uses: it may outlive the guest, and is made even if the guest cancels. Its
/// value becomes what `convert` makes of it, on the shard.
template <class Call, class Convert = std::identity>
[[nodiscard]] auto perform(component::Caller& caller, Call call, Convert convert = {})
    -> component::Eventually<file_call::Told<Call, Convert>> {
  using Reply = file_call::Told<Call, Convert>;
  const Blocking blocking = caller.context<Context>().blocking();
  if (blocking.pool == nullptr) return Result<Reply>(file_call::told<Call, Convert>(call(), convert));
  auto job = blocking.pool->start(*blocking.loop, std::move(call));
  if (!job) return Result<Reply>(Reply(refuse(FsError::busy)));
  return file_call::wait_for<Call, Convert>(std::move(job), std::move(convert));
}

}  // namespace wisp::wasi::p3
