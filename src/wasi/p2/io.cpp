#include "wasi/p2/io.hpp"

#include "wasi/p2/faces.hpp"
#include "wasi/p2/wait.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace wisp::wasi::p2 {

using component::Caller;

Refusal<StreamError> tell(StreamEnd end) {
  StreamError error;
  if (end.failure) {
    error.value = std::make_unique<IoError>(std::move(end.failure));
  } else {
    error.value = component::Unit{};
  }
  return Refusal(std::move(error));
}

namespace {

constexpr std::uint64_t kMaxBlockingWrite = 4096;  // what blocking-write-and-flush takes; more traps
constexpr int kMaxFalseAlarms = 10;                // "ready" without data in a row, before the loop must turn
constexpr std::array<std::byte, kMaxBlockingWrite> kZeros{};

Unexpected beyond_permit(std::uint64_t bytes, std::uint64_t permit) {
  return fail(Errc::trap_host, "a write of {} bytes where check-write permitted {}", bytes, permit);
}

Unexpected too_large(std::uint64_t bytes) {
  return fail(Errc::trap_host, "a blocking write of {} bytes; at most {} are allowed", bytes,
              kMaxBlockingWrite);
}

std::size_t clamp(std::uint64_t length) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(length, kMaxRead));
}

// ---- poll

Result<std::vector<std::uint32_t>> poll(Caller& caller, std::vector<std::reference_wrapper<Pollable>> in) {
  if (in.empty()) return fail(Errc::trap_host, "poll was called with an empty list");
  std::vector<std::uint32_t> ready;
  bool clocks_only = true;
  const auto look = [&] {
    ready.clear();
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      auto& readiness = in[i].get().readiness();
      if (!readiness.ready()) continue;
      ready.push_back(i);
      clocks_only = clocks_only && readiness.passes_time();
    }
    return !ready.empty();
  };
  if (look()) {
    if (!clocks_only) return ready;
    TRY(let_loop_turn(caller));
    look();
    return ready;
  }
  component::GuestWaiter waiter(caller);
  const auto links = std::make_unique<SignalLink[]>(in.size());
  do {
    for (std::size_t i = 0; i < in.size(); ++i) links[i].link(in[i].get().readiness().changed(), waiter);
    TRY(waiter.wait());
  } while (!look());
  return ready;
}

Result<> block(Caller& caller, Pollable& self) {
  if (self.readiness().ready() && self.readiness().passes_time()) return let_loop_turn(caller);
  return wait_for(caller, self.readiness());
}

// ---- input-stream

StreamReply<ByteView> read(Caller&, InputStream& self, std::uint64_t length) {
  auto got = self.source().read(clamp(length));
  if (!got) return tell(std::move(got).error());
  return *got;
}

// At least a byte, unless `length` is zero.
Result<StreamReply<ByteView>> read_some(Caller& caller, ByteSource& source, std::uint64_t length) {
  if (length == 0) TRY(wait_for(caller, source));
  for (int alarms = 0;; ++alarms) {
    auto got = source.read(clamp(length));
    if (!got) return tell(std::move(got).error());
    if (!got->empty() || length == 0) return *got;
    if (alarms == kMaxFalseAlarms) {
      TRY(let_loop_turn(caller));
      alarms = 0;
    }
    TRY(wait_for(caller, source));
  }
}

Result<StreamReply<ByteView>> blocking_read(Caller& caller, InputStream& self, std::uint64_t length) {
  return read_some(caller, self.source(), length);
}

StreamReply<std::uint64_t> skip(Caller& caller, InputStream& self, std::uint64_t length) {
  auto got = read(caller, self, length);
  if (!got) return pass_on(std::move(got));
  return got->size();
}

Result<StreamReply<std::uint64_t>> blocking_skip(Caller& caller, InputStream& self, std::uint64_t length) {
  auto got = TRY(read_some(caller, self.source(), length));
  if (!got) return pass_on(std::move(got));
  return got->size();
}

// ---- output-stream

StreamReply<std::uint64_t> check_write(Caller&, OutputStream& self) {
  auto room = self.sink().capacity();
  self.set_permit(room.value_or(0));
  if (!room) return tell(std::move(room).error());
  return *room;
}

StreamReply<> put(OutputStream& self, ByteView bytes) {
  self.set_permit(self.permit() - std::min(self.permit(), bytes.size()));
  auto written = self.sink().write(bytes);
  if (!written) return tell(std::move(written).error());
  return {};
}

Result<StreamReply<>> write(Caller&, OutputStream& self, ByteView bytes) {
  if (bytes.size() > self.permit()) {
    // A stream that has ended meanwhile says so; what the guest was permitted no longer matters.
    if (auto room = self.sink().capacity(); !room) return tell(std::move(room).error());
    return beyond_permit(bytes.size(), self.permit());
  }
  return put(self, bytes);
}

Result<StreamReply<>> write_zeroes(Caller&, OutputStream& self, std::uint64_t length) {
  if (length > self.permit()) {
    if (auto room = self.sink().capacity(); !room) return tell(std::move(room).error());
    return beyond_permit(length, self.permit());
  }
  const Bytes zeros(static_cast<std::size_t>(length));
  return put(self, zeros);
}

StreamReply<> flush(Caller&, OutputStream& self) {
  auto flushed = self.sink().flush();
  if (!flushed) return tell(std::move(flushed).error());
  return {};
}

// How much may be written, once that is something.
Result<StreamReply<std::size_t>> wait_for_room(Caller& caller, ByteSink& sink) {
  for (int alarms = 0;; ++alarms) {
    auto room = sink.capacity();
    if (!room) return tell(std::move(room).error());
    if (*room > 0) return *room;
    if (alarms == kMaxFalseAlarms) {
      TRY(let_loop_turn(caller));
      alarms = 0;
    }
    TRY(wait_for(caller, sink));
  }
}

// A stream that closes after everything was written has done what was asked.
Result<StreamReply<>> flush_fully(Caller& caller, ByteSink& sink) {
  auto flushed = sink.flush();
  if (!flushed) {
    if (!flushed.error().failure) return {};
    return tell(std::move(flushed).error());
  }
  auto done = TRY(wait_for_room(caller, sink));
  if (!done && std::holds_alternative<std::unique_ptr<IoError>>(done.error().value)) {
    return pass_on(std::move(done));
  }
  return {};
}

Result<StreamReply<>> write_fully(Caller& caller, OutputStream& self, ByteView bytes) {
  self.set_permit(0);
  auto& sink = self.sink();
  auto room = sink.capacity();
  if (!room) return tell(std::move(room).error());
  if (*room >= bytes.size()) {
    if (auto written = sink.write(bytes); !written) return tell(std::move(written).error());
    return flush_fully(caller, sink);
  }
  // The guest's own memory is not ours to look at once it has paused.
  const Bytes copy(bytes.begin(), bytes.end());
  for (ByteView rest = copy; !rest.empty();) {
    auto some = TRY(wait_for_room(caller, sink));
    if (!some) return pass_on(std::move(some));
    const auto piece = rest.first(std::min(*some, rest.size()));
    if (auto written = sink.write(piece); !written) return tell(std::move(written).error());
    rest = rest.subspan(piece.size());
  }
  return flush_fully(caller, sink);
}

Result<StreamReply<>> blocking_write_and_flush(Caller& caller, OutputStream& self, ByteView bytes) {
  if (bytes.size() > kMaxBlockingWrite) return too_large(bytes.size());
  return write_fully(caller, self, bytes);
}

Result<StreamReply<>> blocking_write_zeroes_and_flush(Caller& caller, OutputStream& self,
                                                      std::uint64_t length) {
  if (length > kMaxBlockingWrite) return too_large(length);
  return write_fully(caller, self, ByteView(kZeros).first(static_cast<std::size_t>(length)));
}

Result<StreamReply<>> blocking_flush(Caller& caller, OutputStream& self) {
  auto flushed = self.sink().flush();
  if (!flushed) return tell(std::move(flushed).error());
  auto done = TRY(wait_for_room(caller, self.sink()));
  if (!done) return pass_on(std::move(done));
  return {};
}

StreamReply<std::uint64_t> splice(Caller&, OutputStream& self, InputStream& from, std::uint64_t length) {
  self.set_permit(0);
  auto room = self.sink().capacity();
  if (!room) return tell(std::move(room).error());
  if (*room == 0 || length == 0) return 0;
  auto got = from.source().read(std::min(clamp(length), *room));
  if (!got) return tell(std::move(got).error());
  if (got->empty()) return 0;
  if (auto written = self.sink().write(*got); !written) return tell(std::move(written).error());
  return got->size();
}

Result<StreamReply<std::uint64_t>> blocking_splice(Caller& caller, OutputStream& self, InputStream& from,
                                                   std::uint64_t length) {
  self.set_permit(0);
  auto room = TRY(wait_for_room(caller, self.sink()));
  if (!room) return pass_on(std::move(room));
  if (length == 0) return 0;
  auto got = TRY(read_some(caller, from.source(), std::min<std::uint64_t>(length, *room)));
  if (!got) return pass_on(std::move(got));
  if (auto written = self.sink().write(*got); !written) return tell(std::move(written).error());
  return got->size();
}

}  // namespace

void add_io(component::HostLinker& linker) {
  linker.interface("wasi:io/error@0.2.12")
      .resource<IoError>("error")
      .function("[method]error.to-debug-string",
                [](Caller&, IoError& self) -> std::string_view { return self.failure().text; });
  linker.interface("wasi:io/poll@0.2.12")
      .resource<Pollable>("pollable")
      .function("[method]pollable.ready", [](Caller&, Pollable& self) { return self.readiness().ready(); })
      .function("[method]pollable.block", block)
      .function("poll", poll);
  linker.interface("wasi:io/streams@0.2.12")
      .resource<IoError>("error")
      .resource<Pollable>("pollable")
      .resource<InputStream>("input-stream")
      .resource<OutputStream>("output-stream")
      .function("[method]input-stream.read", read)
      .function("[method]input-stream.blocking-read", blocking_read)
      .function("[method]input-stream.skip", skip)
      .function("[method]input-stream.blocking-skip", blocking_skip)
      .function("[method]input-stream.subscribe", [](Caller&, InputStream& self) { return self.subscribe(); })
      .function("[method]output-stream.check-write", check_write)
      .function("[method]output-stream.write", write)
      .function("[method]output-stream.blocking-write-and-flush", blocking_write_and_flush)
      .function("[method]output-stream.flush", flush)
      .function("[method]output-stream.blocking-flush", blocking_flush)
      .function("[method]output-stream.subscribe",
                [](Caller&, OutputStream& self) { return self.subscribe(); })
      .function("[method]output-stream.write-zeroes", write_zeroes)
      .function("[method]output-stream.blocking-write-zeroes-and-flush", blocking_write_zeroes_and_flush)
      .function("[method]output-stream.splice", splice)
      .function("[method]output-stream.blocking-splice", blocking_splice);
}

}  // namespace wisp::wasi::p2
