#include "wasi/bridge/socket_errors.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace wisp::wasi::bridge {
namespace {

TEST(BridgeSocketErrors, PassFromEitherVersionToTheOther) {
  struct Row {
    SocketError error;
    SocketError old_of_new;  ///< what 0.2 makes of it when a provider of 0.3 says it
    std::string_view new_of_old;
  };
  const Row rows[] = {
      {SocketError::access_denied, SocketError::access_denied, "access-denied"},
      {SocketError::timeout, SocketError::timeout, "timeout"},
      {SocketError::connection_refused, SocketError::connection_refused, "connection-refused"},
      {SocketError::datagram_too_large, SocketError::datagram_too_large, "datagram-too-large"},
      {SocketError::unknown, SocketError::unknown, "other"},
      // Without a case of their own there.
      {SocketError::connection_broken, SocketError::unknown, "other"},
      {SocketError::new_socket_limit, SocketError::unknown, "other"},
      // Of calls in two steps.
      {SocketError::would_block, SocketError::unknown, "invalid-state"},
      {SocketError::not_in_progress, SocketError::unknown, "invalid-state"},
      {SocketError::concurrency_conflict, SocketError::unknown, "invalid-state"},
  };
  constexpr auto kLabels = wisp_case_labels(std::type_identity<p3::SocketErrorCode>{});
  for (const Row& row : rows) {
    const auto name = socket_error_name(row.error);
    EXPECT_EQ(p2::to_network_error(socket_error(p3::to_socket_error(row.error))),
              p2::to_network_error(row.old_of_new))
        << name;
    const auto code = new_socket_error(p2::to_network_error(row.error));
    EXPECT_EQ(kLabels[code.value.index()], row.new_of_old) << name;
  }
}

TEST(BridgeSocketErrors, OfLookUps) {
  for (const auto error :
       {SocketError::access_denied, SocketError::invalid_argument, SocketError::name_unresolvable,
        SocketError::temporary_resolver_failure, SocketError::permanent_resolver_failure})
    EXPECT_EQ(socket_error(p3::to_lookup_error(error)), error) << socket_error_name(error);
  EXPECT_EQ(socket_error(p3::to_lookup_error(SocketError::timeout)), SocketError::unknown);
}

TEST(BridgeSocketErrors, WhatAProviderCallsOtherIsUnknown) {
  p3::SocketErrorCode code;
  code.value.emplace<14>("new-socket-limit");
  EXPECT_EQ(socket_error(code), SocketError::unknown) << "a text of the provider's own";
}

}  // namespace
}  // namespace wisp::wasi::bridge
