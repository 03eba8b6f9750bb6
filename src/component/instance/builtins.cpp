#include "component/abi/strings.hpp"
#include "component/instance/copy_end.hpp"
#include "component/instance/error_context.hpp"
#include "component/instance/site.hpp"

#include <algorithm>
#include <array>

namespace wisp::component::trampoline {

namespace {

using ast::Builtin;

/// What the built-ins answer when an operation goes on without the caller (Canonical ABI, BLOCKED).
constexpr std::uint32_t kBlocked = 0xffff'ffff;

// Resources

Result<> resource_new(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto handle =
      TRY(at.instance.handles().add({.kind = Handle::Kind::own,
                                     .resource = at.tree.binding(at.plan().resource).canonical,
                                     .lends = 0,
                                     .rep = {argument(values, 0)},
                                     .scope = nullptr}));
  answer(values, handle);
  return {};
}

Result<> resource_rep(const Site& at, FlatSpan values) {
  const auto handle = argument(values, 0);
  const Handle* entry = TRY(at.instance.handles().get(handle));
  if (!entry->is_resource() || entry->resource != at.tree.binding(at.plan().resource).canonical)
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  answer(values, static_cast<std::uint32_t>(entry->rep.value));
  return {};
}

Result<> resource_drop(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  return at.tree.drop_handle(at.instance, at.plan().resource, argument(values, 0));
}

// Contexts, backpressure

Result<> context_get(const Site& at, FlatSpan values) {
  const auto value = at.tree.activation().storage[at.plan().slot];
  store_slot(values[0], at.plan().slot64 ? value : static_cast<std::uint32_t>(value));
  return {};
}

Result<> context_set(const Site& at, FlatSpan values) {
  const auto value = load_slot(values[0]);
  at.tree.activation().storage[at.plan().slot] = at.plan().slot64 ? value : static_cast<std::uint32_t>(value);
  return {};
}

Result<> backpressure_inc(const Site& at, FlatSpan) {
  if (++at.instance.backpressure == 1u << 16) return fail(Errc::trap_abi, "backpressure counter overflow");
  return {};
}

Result<> backpressure_dec(const Site& at, FlatSpan) {
  if (at.instance.backpressure == 0) return fail(Errc::trap_abi, "backpressure counter underflow");
  if (--at.instance.backpressure == 0) at.instance.wake_entering();
  return {};
}

// Tasks

Result<> task_return(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Task& task = *TRY(at.task());
  const Lift& lift = task.lift();
  const Options& mine = at.plan().options;
  // A result without pointers needs no memory here, whatever the lift names.
  if (!lift.options.async || &task.instance() != &at.instance ||
      !at.tree.same_payload(at.plan().type, lift.type->result) || mine.encoding != lift.options.encoding ||
      (mine.memory && mine.memory != lift.options.memory))
    return fail(Errc::trap_abi, "invalid `task.return` signature and/or options for current task");
  CallSide side(at.instance, mine, &task.scope());
  return task.resolve(side, values.first(at.plan().signature.params.size()));
}

Result<> task_cancel(const Site& at, FlatSpan) {
  TRY(may_leave(at));
  Task& task = *TRY(at.task());
  if (!task.lift().options.async) return fail(Errc::trap_abi, "invalid `task.cancel` for a synchronous task");
  return task.cancel();
}

// Waitables

Result<> waitable_set_new(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  auto set = std::make_unique<WaitableSet>();
  const auto handle = TRY(at.instance.handles().add(Handle::owning(Handle::Kind::waitable_set, set.get())));
  set.release();  // NOLINT(bugprone-unused-return-value): the handle owns it
  answer(values, handle);
  return {};
}

/// Stores an event's two words and answers its code (unpack_event).
Result<> unpack(const Site& at, const Event& event, std::uint32_t address, FlatSpan values) {
  const auto bytes = TRY(at.tree.memory(*at.plan().options.memory).range(address, 8, 4));
  store(bytes.data(), event.index);
  store(bytes.data() + 4, event.payload);
  answer(values, static_cast<std::uint32_t>(event.code));
  return {};
}

Result<> waitable_set_wait(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto address = argument(values, 1);
  WaitableSet& set = *TRY(at.instance.waitable_set(argument(values, 0)));
  Thread& thread = *TRY(at.thread());
  const bool cancelled = TRY(thread.wait_for(set, at.plan().cancellable));
  return unpack(at, cancelled ? Event{.code = EventCode::task_cancelled} : set.take_event(), address, values);
}

Result<> waitable_set_poll(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto address = argument(values, 1);
  WaitableSet& set = *TRY(at.instance.waitable_set(argument(values, 0)));
  Event event;
  const Thread* const thread = at.tree.activation().thread;
  if (thread != nullptr && thread->task().deliver_pending_cancel(at.plan().cancellable)) {
    event.code = EventCode::task_cancelled;
  } else if (set.has_pending_event()) {
    event = set.take_event();
  }
  return unpack(at, event, address, values);
}

Result<> waitable_set_drop(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto handle = argument(values, 0);
  const WaitableSet* const set = TRY(at.instance.waitable_set(handle));
  if (set->waiting > 0) return fail(Errc::trap_handle, "cannot drop waitable set with waiters");
  if (set->members() > 0) return fail(Errc::trap_handle, "cannot drop a non-empty waitable set");
  TRY(at.instance.handles().remove(handle));
  delete set;
  return {};
}

Unexpected used_in_set() {
  return fail(Errc::trap_handle, "waitable cannot be used synchronously while added to a waitable set");
}

Result<> waitable_join(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Waitable& waitable = *TRY(at.instance.waitable(argument(values, 0)));
  if (waitable.has_sync_waiter) return used_in_set();
  const auto into = argument(values, 1);
  WaitableSet* const set = into != 0 ? TRY(at.instance.waitable_set(into)) : nullptr;
  waitable.join(set);
  return {};
}

// Subtasks

Result<Subtask*> subtask_at(const Site& at, std::uint32_t handle) {
  Waitable* const waitable = TRY(at.instance.waitable(handle));
  if (waitable->kind() != Waitable::Kind::subtask)
    return fail(Errc::trap_handle, "handle index {} is no subtask", handle);
  return static_cast<Subtask*>(waitable);
}

Result<> subtask_cancel(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Subtask& subtask = *TRY(subtask_at(at, argument(values, 0)));
  if (subtask.resolve_delivered())
    return fail(Errc::trap_handle, "`subtask.cancel` called after terminal status delivered");
  if (subtask.cancellation_requested)
    return fail(Errc::trap_handle, "`subtask.cancel` called more than once");
  if (subtask.in_set() && !at.plan().async) return used_in_set();
  if (!subtask.resolved()) {
    subtask.cancellation_requested = true;
    TRY(subtask.callee->request_cancellation(&at.instance));
    TRY(at.tree.outcome());
    if (!subtask.resolved()) {
      if (at.plan().async) {
        answer(values, kBlocked);
        return {};
      }
      Thread& thread = *TRY(at.thread());
      // That the callee has started may be pending as well; the answer is how it ended.
      subtask.has_sync_waiter = true;
      TRY(thread.wait_for(subtask));
      subtask.has_sync_waiter = false;
    }
  }
  if (subtask.failure()) return std::unexpected(*subtask.failure());
  const Event event = subtask.take_event();
  answer(values, event.payload);
  return {};
}

Result<> subtask_drop(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto handle = argument(values, 0);
  const Subtask* const subtask = TRY(subtask_at(at, handle));
  if (!subtask->resolve_delivered())
    return fail(Errc::trap_handle, "cannot drop a subtask which has not yet resolved");
  TRY(at.instance.handles().remove(handle));
  delete subtask;
  return {};
}

// Streams and futures

bool of_future(const Site& at) {
  return at.plan().builtin >= Builtin::future_new && at.plan().builtin <= Builtin::future_drop_writable;
}

Result<> channel_new(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const bool future = of_future(at);
  const ChannelRef channel(new Channel(future ? Channel::Kind::future : Channel::Kind::stream));
  const auto add = [&](Waitable::Kind kind) -> Result<std::uint32_t> {
    auto end = std::make_unique<CopyEnd>(kind, channel, at.plan().type);
    end->index = TRY(at.instance.handles().add(Handle::owning<Waitable>(Handle::Kind::waitable, end.get())));
    return end.release()->index;
  };
  const std::uint64_t reader =
      TRY(add(future ? Waitable::Kind::future_reader : Waitable::Kind::stream_reader));
  const std::uint64_t writer =
      TRY(add(future ? Waitable::Kind::future_writer : Waitable::Kind::stream_writer));
  store_slot(values[0], reader | writer << 32);
  return {};
}

/// The end that a built-in means, of the right kind and payload.
Result<CopyEnd*> end_at(const Site& at, Waitable::Kind kind, std::uint32_t handle) {
  const Handle* const entry = TRY(at.instance.handles().get(handle));
  Waitable* const waitable = entry->kind == Handle::Kind::waitable ? entry->object<Waitable>() : nullptr;
  if (waitable == nullptr || waitable->kind() != kind)
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  auto* const end = static_cast<CopyEnd*>(waitable);
  if (!end->is_of(at.tree, at.plan().type))
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  return end;
}

Unexpected not_idle(const CopyEnd& end) {
  if (end.copying())
    return fail(Errc::trap_handle, "cannot have concurrent operations active on a {}",
                end.is_future() ? "future" : "stream");
  switch (end.kind()) {
    case Waitable::Kind::stream_reader:
      return fail(Errc::trap_handle,
                  "cannot read from stream after being notified that the writable end dropped");
    case Waitable::Kind::stream_writer:
      return fail(Errc::trap_handle,
                  "cannot write to stream after being notified that the readable end dropped");
    case Waitable::Kind::future_reader:
      return fail(Errc::trap_handle, "cannot read from future after previous read succeeded");
    case Waitable::Kind::future_writer:
    case Waitable::Kind::subtask:
      break;
  }
  return fail(Errc::trap_handle,
              "cannot write to future after previous write succeeded or readable end dropped");
}

/// Elements that are not plain may need code of the other side's guest, which must not be in the middle of
/// something.
Result<> await_other(const Site& at, const CopyEnd& end) {
  if (plain_size(end.element()) != Buffer::kNotPlain) return {};
  const Buffer* const other = end.readable() ? static_cast<Buffer*>(end.channel().pending_source())
                                             : static_cast<Buffer*>(end.channel().pending_sink());
  if (other == nullptr || other->instance() == nullptr) return {};
  Tree& tree = static_cast<ComponentInstance*>(const_cast<void*>(other->instance()))->tree();
  if (&tree == &at.tree) return {};
  return tree.await_turn(at.tree.run());
}

template <Waitable::Kind kind>
Result<> copy(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  CopyEnd& end = *TRY(end_at(at, kind, argument(values, 0)));
  if (end.state() != CopyEnd::State::idle) return not_idle(end);
  const Options& options = at.plan().options;
  if (end.in_set() && !options.async) return used_in_set();
  std::uint32_t length = end.is_future() ? 1 : argument(values, 2);
  if (at.plan().clamps) length = std::min(length, kMaxBuffer);
  const GuestRegion region{.instance = &at.instance,
                           .options = &options,
                           .element = end.element(),
                           .address = argument(values, 1)};
  TRY(region.check(length));
  TRY(await_other(at, end));
  TRY(end.copy(region, length));
  if (!end.has_pending_event()) {
    if (options.async) {
      answer(values, kBlocked);
      return {};
    }
    Thread& thread = *TRY(at.thread());
    TRY(thread.wait_for(static_cast<Waitable&>(end)));
  }
  answer(values, end.take_event().payload);
  return {};
}

template <Waitable::Kind kind>
Result<> cancel_copy(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  CopyEnd& end = *TRY(end_at(at, kind, argument(values, 0)));
  if (end.state() != CopyEnd::State::copying || end.has_sync_waiter)
    return fail(Errc::trap_handle, "{} has no operation that could be cancelled",
                end.is_future() ? "the future" : "the stream");
  if (end.in_set() && !at.plan().async) return used_in_set();
  end.set_state(CopyEnd::State::cancelling);
  // Nothing here has to wait for the other side: a cancelled buffer is free at once. What has been copied
  // before is told with "cancelled", which is what the official suite and Wasmtime answer.
  if (!end.has_pending_event()) {
    end.channel().cancel();
  } else {
    end.cancel_partial();
  }
  answer(values, end.take_event().payload);
  return {};
}

template <Waitable::Kind kind>
Result<> drop_end(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto handle = argument(values, 0);
  CopyEnd* const end = TRY(end_at(at, kind, handle));
  if (kind == Waitable::Kind::future_writer && end->state() == CopyEnd::State::idle)
    return fail(Errc::trap_handle, "cannot drop future write end without first writing a value");
  if (end->copying())
    return fail(Errc::trap_handle, "cannot {} busy {}", end->readable() ? "remove" : "drop",
                end->is_future() ? "future" : "stream");
  TRY(at.instance.handles().remove(handle));
  delete end;
  return {};
}

// Threads

Result<> thread_yield(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Thread& thread = *TRY(at.thread());
  answer(values, TRY(thread.yield(at.plan().cancellable)) ? 1 : 0);
  return {};
}

Result<> thread_index(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const Thread& thread = *TRY(at.thread());
  answer(values, thread.index());
  return {};
}

Result<> thread_new_indirect(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Task& task = *TRY(at.task());
  auto* const context = at.tree.store().context();
  wasmtime_val_t item;
  if (!wasmtime_table_get(context, &at.tree.table(at.plan().slot), argument(values, 0), &item))
    return fail(Errc::trap_memory, "undefined element: out of bounds table access");
  const wasmtime_func_t function = item.of.funcref;
  const bool missing = item.kind != WASMTIME_FUNCREF || wasmtime_funcref_is_null(&function);
  wasmtime_val_unroot(&item);
  if (missing) return fail(Errc::trap_abi, "thread start function is not a function");
  wasm_functype_t* const type = wasmtime_func_type(context, &function);
  const auto* const params = wasm_functype_params(type);
  const bool fits = params->size == 1 && wasm_functype_results(type)->size == 0 &&
                    wasm_valtype_kind(params->data[0]) == WASM_I32;
  wasm_functype_delete(type);
  if (!fits) return fail(Errc::trap_abi, "start function does not match expected type");
  const Thread& thread = task.add_thread(function, argument(values, 1), false);
  answer(values, thread.index());
  return {};
}

Result<Thread*> suspended_thread(const Site& at, std::uint32_t index) {
  Thread* const other = at.instance.threads().get(index);
  if (other == nullptr) return fail(Errc::trap_handle, "unknown thread index {}", index);
  if (!other->suspended()) return fail(Errc::trap_handle, "cannot resume thread which is not suspended");
  return other;
}

Result<> thread_resume_later(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  TRY(suspended_thread(at, argument(values, 0)))
  ->resume_later();
  return {};
}

Result<> thread_suspend(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Thread& thread = *TRY(at.thread());
  answer(values, TRY(thread.suspend(at.plan().cancellable)) ? 1 : 0);
  return {};
}

template <Result<bool> (Thread::*switching)(Thread&, bool), bool promotes>
Result<> thread_switch(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Thread& thread = *TRY(at.thread());
  const auto index = argument(values, 0);
  Thread* other;
  if constexpr (promotes) {
    other = at.instance.threads().get(index);
    if (other == nullptr) return fail(Errc::trap_handle, "unknown thread index {}", index);
  } else {
    other = TRY(suspended_thread(at, index));
  }
  answer(values, TRY((thread.*switching)(*other, at.plan().cancellable)) ? 1 : 0);
  return {};
}

// Error contexts

/// The host may shorten messages; handles of a few bytes must not hold much more.
void cut(std::string& message) {
  constexpr std::size_t kLongest = 1024;
  if (message.size() <= kLongest) return;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
  message.resize(end);
}

Result<> error_context_new(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  CallSide side(at.instance, at.plan().options, nullptr);
  std::string message = TRY(lift_string(side, {argument(values, 0), argument(values, 1)}));
  cut(message);
  answer(values, TRY(side.lower_error_context(std::move(message))));
  return {};
}

Result<> error_context_debug_message(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  CallSide side(at.instance, at.plan().options, nullptr);
  const auto address = argument(values, 1);
  const std::string message = TRY(side.lift_error_context(argument(values, 0)));
  const auto placed = TRY(lower_string(side, message));
  const auto bytes = TRY(side.memory().range(address, 8, 4));
  store(bytes.data(), static_cast<std::uint32_t>(placed.address));
  store(bytes.data() + 4, static_cast<std::uint32_t>(placed.units));
  return {};
}

Result<> error_context_drop(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  const auto handle = argument(values, 0);
  const Handle* const entry = TRY(at.instance.handles().get(handle));
  if (entry->kind != Handle::Kind::error_context)
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  delete TRY(at.instance.handles().remove(handle))
  .object<ErrorContext>();
  return {};
}

struct Row {
  Builtin builtin;
  wasmtime_func_unchecked_callback_t callback;
};

using Kind = Waitable::Kind;

const std::array kRows{
    Row{Builtin::resource_new, &callback<resource_new>},
    Row{Builtin::resource_rep, &callback<resource_rep>},
    Row{Builtin::resource_drop, &callback<resource_drop>},
    Row{Builtin::context_get, &callback<context_get>},
    Row{Builtin::context_set, &callback<context_set>},
    Row{Builtin::backpressure_inc, &callback<backpressure_inc>},
    Row{Builtin::backpressure_dec, &callback<backpressure_dec>},
    Row{Builtin::task_return, &callback<task_return>},
    Row{Builtin::task_cancel, &callback<task_cancel>},
    Row{Builtin::waitable_set_new, &callback<waitable_set_new>},
    Row{Builtin::waitable_set_wait, &callback<waitable_set_wait>},
    Row{Builtin::waitable_set_poll, &callback<waitable_set_poll>},
    Row{Builtin::waitable_set_drop, &callback<waitable_set_drop>},
    Row{Builtin::waitable_join, &callback<waitable_join>},
    Row{Builtin::subtask_cancel, &callback<subtask_cancel>},
    Row{Builtin::subtask_drop, &callback<subtask_drop>},
    Row{Builtin::stream_new, &callback<channel_new>},
    Row{Builtin::stream_read, &callback<copy<Kind::stream_reader>>},
    Row{Builtin::stream_write, &callback<copy<Kind::stream_writer>>},
    Row{Builtin::stream_cancel_read, &callback<cancel_copy<Kind::stream_reader>>},
    Row{Builtin::stream_cancel_write, &callback<cancel_copy<Kind::stream_writer>>},
    Row{Builtin::stream_drop_readable, &callback<drop_end<Kind::stream_reader>>},
    Row{Builtin::stream_drop_writable, &callback<drop_end<Kind::stream_writer>>},
    Row{Builtin::future_new, &callback<channel_new>},
    Row{Builtin::future_read, &callback<copy<Kind::future_reader>>},
    Row{Builtin::future_write, &callback<copy<Kind::future_writer>>},
    Row{Builtin::future_cancel_read, &callback<cancel_copy<Kind::future_reader>>},
    Row{Builtin::future_cancel_write, &callback<cancel_copy<Kind::future_writer>>},
    Row{Builtin::future_drop_readable, &callback<drop_end<Kind::future_reader>>},
    Row{Builtin::future_drop_writable, &callback<drop_end<Kind::future_writer>>},
    Row{Builtin::thread_yield, &callback<thread_yield>},
    Row{Builtin::thread_index, &callback<thread_index>},
    Row{Builtin::thread_new_indirect, &callback<thread_new_indirect>},
    Row{Builtin::thread_resume_later, &callback<thread_resume_later>},
    Row{Builtin::thread_suspend, &callback<thread_suspend>},
    Row{Builtin::thread_suspend_then_resume, &callback<thread_switch<&Thread::suspend_then_resume, false>>},
    Row{Builtin::thread_yield_then_resume, &callback<thread_switch<&Thread::yield_then_resume, false>>},
    Row{Builtin::thread_suspend_then_promote, &callback<thread_switch<&Thread::suspend_then_promote, true>>},
    Row{Builtin::thread_yield_then_promote, &callback<thread_switch<&Thread::yield_then_promote, true>>},
    Row{Builtin::error_context_new, &callback<error_context_new>},
    Row{Builtin::error_context_debug_message, &callback<error_context_debug_message>},
    Row{Builtin::error_context_drop, &callback<error_context_drop>},
};

}  // namespace

wasmtime_func_unchecked_callback_t builtin(Builtin builtin) {
  const auto row = std::ranges::find(kRows, builtin, &Row::builtin);
  return row != kRows.end() ? row->callback : nullptr;
}

}  // namespace wisp::component::trampoline
