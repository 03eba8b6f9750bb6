#include "wasi/bridge/outcome.hpp"

#include "wasi/bridge/socket_errors.hpp"

namespace wisp::wasi::bridge {

template <>
OutcomeError outcome_error(const p3::StdioError& code) {
  return {
      .text = std::string(p3::text_of(code)), .detail = code, .reader_gone = code == p3::StdioError::pipe};
}

template <>
OutcomeError outcome_error(const p3::SocketErrorCode& code) {
  const SocketError error = socket_error(code);
  return {.text = std::string(socket_error_name(error)),
          .detail = error,
          .reader_gone = error == SocketError::connection_broken};
}

template <>
std::any FutureOutcome<p3::StdioError>::gone() const {
  return p3::StdioError::io;
}
template <>
std::any FutureOutcome<p3::SocketErrorCode>::gone() const {
  return SocketError::unknown;
}

}  // namespace wisp::wasi::bridge
