#include "wasi/http/outgoing_body.hpp"

#include "net/http/exchange.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wisp::wasi::http {
namespace {

using net::http::as_body;
using Of = OutgoingBody::Of;
using State = OutgoingBody::State;

struct Counter final : Waiter {
  void wake() noexcept override { ++wakes; }
  int wakes = 0;
};

std::string taken(OutgoingBody& body) { return std::string(net::http::as_text(body.take())); }

std::optional<std::uint64_t> size_error(const ErrorCode& code, ErrorCase which) {
  if (code.which() != which) return std::nullopt;
  return which == ErrorCase::http_request_body_size
             ? std::get<static_cast<std::size_t>(ErrorCase::http_request_body_size)>(code.value)
             : std::get<static_cast<std::size_t>(ErrorCase::http_response_body_size)>(code.value);
}

TEST(OutgoingBody, HoldsAtMostItsLimit) {
  OutgoingBody body(Of::response, std::nullopt, 8);
  Counter reader, writer;
  SignalLink link;
  body.attach(&reader);
  EXPECT_EQ(body.capacity().value(), 8U);
  EXPECT_TRUE(body.write(as_body("12345678")));
  EXPECT_EQ(body.capacity().value(), 0U);
  EXPECT_FALSE(body.ready());
  EXPECT_EQ(reader.wakes, 1);
  link.link(body.changed(), writer);
  EXPECT_EQ(taken(body), "12345678");
  EXPECT_EQ(writer.wakes, 1);
  EXPECT_TRUE(body.ready());
  EXPECT_EQ(body.capacity().value(), 8U);
  EXPECT_TRUE(body.flush());
  EXPECT_TRUE(body.write(as_body("9")));
  EXPECT_TRUE(body.finish(nullptr));
  EXPECT_EQ(body.state(), State::finished);
  EXPECT_EQ(taken(body), "9");
}

TEST(OutgoingBody, ComparesWhatWasAnnounced) {
  const struct {
    Of of;
    std::uint64_t announced, written;
    bool fine;
  } kCases[] = {{Of::response, 3, 3, true}, {Of::response, 3, 2, false}, {Of::request, 3, 0, false},
                {Of::response, 0, 0, true}, {Of::request, 3, 3, true},   {Of::request, 5, 4, false}};
  for (const auto& one : kCases) {
    OutgoingBody body(one.of, one.announced);
    EXPECT_TRUE(body.write(as_body(std::string(one.written, 'x'))));
    const auto finished = body.finish(nullptr);
    EXPECT_EQ(finished.has_value(), one.fine);
    EXPECT_EQ(body.state(), one.fine ? State::finished : State::abandoned);
    if (!finished)
      EXPECT_EQ(size_error(finished.error(), one.of == Of::request ? ErrorCase::http_request_body_size
                                                                   : ErrorCase::http_response_body_size),
                one.written);
  }
}

TEST(OutgoingBody, AnOverrunFailsTheStreamOnce) {
  OutgoingBody body(Of::request, 3);
  EXPECT_TRUE(body.write(as_body("ab")));
  const auto refused = body.write(as_body("cd"));
  ASSERT_FALSE(refused);
  ASSERT_TRUE(refused.error().failure);
  const auto* code = refused.error().failure->as<ErrorCode>();
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(size_error(*code, ErrorCase::http_request_body_size), 4U);
  const auto again = body.capacity();
  ASSERT_FALSE(again);
  EXPECT_FALSE(again.error().failure);  // then it is just closed
  EXPECT_EQ(body.state(), State::abandoned);
  EXPECT_FALSE(body.finish(nullptr));
}

TEST(OutgoingBody, AbandonedTellsItsReader) {
  OutgoingBody body(Of::response);
  Counter reader;
  body.attach(&reader);
  body.abandon();
  EXPECT_EQ(reader.wakes, 1);
  EXPECT_EQ(body.state(), State::abandoned);
  OutgoingBody finished(Of::response);
  EXPECT_TRUE(finished.finish(nullptr));
  finished.abandon();
  EXPECT_EQ(finished.state(), State::finished);
}

TEST(OutgoingBody, AReaderThatLeavesEndsTheStream) {
  OutgoingBody body(Of::response);
  Counter writer;
  SignalLink link;
  link.link(body.changed(), writer);
  body.break_off(Failure{.text = "gone", .detail = ErrorCode::of<ErrorCase::connection_terminated>()});
  EXPECT_EQ(writer.wakes, 1);
  EXPECT_TRUE(body.ready());
  const auto end = body.capacity();
  ASSERT_FALSE(end);
  ASSERT_TRUE(end.error().failure);
  EXPECT_EQ(end.error().failure->as<ErrorCode>()->which(), ErrorCase::connection_terminated);
  EXPECT_FALSE(body.write(as_body("x")));
  EXPECT_TRUE(body.pending().empty());
}

TEST(OutgoingBody, WhatNobodyTakesCountsAsBytesOfItsQuota) {
  Quota quota(100);
  OutgoingBody one(OutgoingBody::Of::request, std::nullopt, 1'000, quota.empty());
  OutgoingBody two(OutgoingBody::Of::request, std::nullopt, 1'000, quota.empty());
  const Bytes bytes(60);
  EXPECT_TRUE(one.write(bytes));
  EXPECT_EQ(one.take().size(), 60U);
  EXPECT_TRUE(two.write(bytes));
  EXPECT_FALSE(one.write(bytes));
  EXPECT_EQ(one.state(), OutgoingBody::State::abandoned);
  two.break_off(std::nullopt);
  EXPECT_TRUE(quota.take(100));
}

}  // namespace
}  // namespace wisp::wasi::http
