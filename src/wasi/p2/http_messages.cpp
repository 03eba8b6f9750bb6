#include "wasi/context.hpp"
#include "wasi/p2/http_types.hpp"

namespace wisp::wasi::p2 {

using component::Caller;
using Duration = std::optional<std::uint64_t>;

namespace {

std::optional<std::string_view> unless_empty(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

template <class T>
std::optional<std::string_view> view(const std::optional<T>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

/// incoming-body of a request or response, once.
Maybe<std::unique_ptr<IncomingBody>> consume(std::shared_ptr<http::IncomingBody> body) {
  if (!body) return Refusal(Unit{});
  return std::make_unique<IncomingBody>(std::move(body));
}

Unexpected too_much() {
  return fail(Errc::trap_limit, "what the instance holds of messages grew beyond its limit");
}

/// outgoing-body of a request or response, once; refused, too, when content-length makes no sense.
template <class Message>
Maybe<std::unique_ptr<OutgoingBody>> open_body(Caller& caller, Message& message, http::OutgoingBody::Of of) {
  if (message.body) return Refusal(Unit{});
  const auto length = http::content_length(*message.fields);
  if (!length) return Refusal(Unit{});
  auto body = std::make_shared<http::OutgoingBody>(of, *length, http::OutgoingBody::kDefaultLimit,
                                                   caller.context<Context>().message_bytes().empty());
  message.body = body;
  return std::make_unique<OutgoingBody>(std::move(body));
}

// ---- requests that come in

void add_incoming_request(component::HostInterface& types) {
  types.resource<IncomingRequest>("incoming-request")
      .function("[method]incoming-request.method",
                [](Caller&, IncomingRequest& self) { return to_method(self.core().head().method); })
      .function(
          "[method]incoming-request.path-with-query",
          [](Caller&, IncomingRequest& self) { return unless_empty(self.core().head().path_with_query); })
      .function(
          "[method]incoming-request.scheme",
          [](Caller&, IncomingRequest& self) { return std::optional(to_scheme(self.core().head().scheme)); })
      .function("[method]incoming-request.authority",
                [](Caller&, IncomingRequest& self) { return unless_empty(self.core().head().authority); })
      .function("[method]incoming-request.headers",
                [](Caller&, IncomingRequest& self) { return self.headers(); })
      .function("[method]incoming-request.consume",
                [](Caller&, IncomingRequest& self) { return consume(self.core().take_body()); });
}

// ---- requests that go out

Result<Done> counted(OutgoingRequest& request) {
  if (!request.core().count_text()) return too_much();
  return Done();
}

Result<Done> set_method(Caller&, OutgoingRequest& self, Method method) {
  std::string token = to_token(std::move(method));
  if (!net::http::is_token(token)) return Refusal(Unit{});
  self.core().method = std::move(token);
  return counted(self);
}

Result<Done> set_path(Caller&, OutgoingRequest& self, std::optional<std::string> path) {
  if (path && !http::is_path_with_query(*path)) return Refusal(Unit{});
  self.core().path_with_query = std::move(path);
  return counted(self);
}

Result<Done> set_scheme(Caller&, OutgoingRequest& self, std::optional<Scheme> scheme) {
  std::optional<std::string> text;
  if (scheme) text = to_text(*std::move(scheme));
  if (text && !http::is_scheme(*text)) return Refusal(Unit{});
  self.core().scheme = std::move(text);
  return counted(self);
}

Result<Done> set_authority(Caller&, OutgoingRequest& self, std::optional<std::string> authority) {
  if (authority && (authority->ends_with(':') || !net::http::parse_authority(*authority)))
    return Refusal(Unit{});
  self.core().authority = std::move(authority);
  return counted(self);
}

void add_outgoing_request(component::HostInterface& types) {
  types.resource<OutgoingRequest>("outgoing-request")
      .function("[constructor]outgoing-request",
                [](Caller& caller, std::unique_ptr<HttpFields> headers) {
                  auto request = std::make_unique<OutgoingRequest>(headers->map().freeze());
                  request->core().share = caller.context<Context>().message_bytes().empty();
                  return request;
                })
      .function("[method]outgoing-request.body",
                [](Caller& caller, OutgoingRequest& self) {
                  return open_body(caller, self.core(), http::OutgoingBody::Of::request);
                })
      .function("[method]outgoing-request.method",
                [](Caller&, OutgoingRequest& self) { return to_method(self.core().method); })
      .function("[method]outgoing-request.set-method", set_method)
      .function("[method]outgoing-request.path-with-query",
                [](Caller&, OutgoingRequest& self) { return view(self.core().path_with_query); })
      .function("[method]outgoing-request.set-path-with-query", set_path)
      .function("[method]outgoing-request.scheme",
                [](Caller&, OutgoingRequest& self) {
                  const auto& scheme = self.core().scheme;
                  return scheme ? std::optional(to_scheme(*scheme)) : std::nullopt;
                })
      .function("[method]outgoing-request.set-scheme", set_scheme)
      .function("[method]outgoing-request.authority",
                [](Caller&, OutgoingRequest& self) { return view(self.core().authority); })
      .function("[method]outgoing-request.set-authority", set_authority)
      .function("[method]outgoing-request.headers",
                [](Caller&, OutgoingRequest& self) { return self.headers(); });
}

using Timeout = std::optional<std::chrono::nanoseconds> http::RequestTimeouts::*;

void add_timeout(component::HostInterface& types, const std::string& name, Timeout timeout) {
  types
      .function("[method]request-options." + name,
                [timeout](Caller&, RequestOptions& self) -> Duration {
                  const auto& value = self.timeouts().*timeout;
                  if (!value) return std::nullopt;
                  return static_cast<std::uint64_t>(value->count());
                })
      .function("[method]request-options.set-" + name,
                [timeout](Caller&, RequestOptions& self, Duration value) -> Done {
                  // Beyond 292 years a duration is as good as none; it keeps its bits, so the getter gives
                  // back what was set.
                  auto& place = self.timeouts().*timeout;
                  if (!value) {
                    place.reset();
                  } else {
                    place = std::chrono::nanoseconds(static_cast<std::int64_t>(*value));
                  }
                  return {};
                });
}

// ---- responses

Done set_status(Caller&, OutgoingResponse& self, std::uint16_t status) {
  // 1xx cannot be final responses, and go out through send-informational.
  if (status < 200 || status > 999) return Refusal(Unit{});
  self.core().status = status;
  return {};
}

void add_outgoing_response(component::HostInterface& types) {
  types.resource<OutgoingResponse>("outgoing-response")
      .function("[constructor]outgoing-response",
                [](Caller&, std::unique_ptr<HttpFields> headers) {
                  return std::make_unique<OutgoingResponse>(headers->map().freeze());
                })
      .function("[method]outgoing-response.status-code",
                [](Caller&, OutgoingResponse& self) { return self.core().status; })
      .function("[method]outgoing-response.set-status-code", set_status)
      .function("[method]outgoing-response.headers",
                [](Caller&, OutgoingResponse& self) { return self.headers(); })
      .function("[method]outgoing-response.body", [](Caller& caller, OutgoingResponse& self) {
        return open_body(caller, self.core(), http::OutgoingBody::Of::response);
      });
}

Result<> set_response(Caller&, std::unique_ptr<ResponseOutparam> self,
                      HttpReply<std::unique_ptr<OutgoingResponse>> reply) {
  if (!reply) {
    self->slot().set(std::unexpected(std::move(reply).error()));
    return {};
  }
  TRY((*reply)->may_drop());
  self->slot().set(std::move((*reply)->core()));
  return {};
}

HttpReply<> send_informational(Caller&, ResponseOutparam& self, std::uint16_t status,
                               std::unique_ptr<HttpFields> headers) {
  // 101 would change the protocol.
  if (status < 100 || status > 199 || status == 101)
    return Refusal(http::ErrorCode::of<http::ErrorCase::http_protocol_error>());
  constexpr std::size_t kMaxWaiting = 16;
  if (self.slot().interim().size() >= kMaxWaiting)
    return Refusal(
        http::ErrorCode::of<http::ErrorCase::internal_error>("too many informational responses at once"));
  self.slot().inform({.status = status, .fields = headers->map().fields()});
  return {};
}

void add_outparam(component::HostInterface& types, const HttpOptions& options) {
  types.resource<ResponseOutparam>("response-outparam")
      .function("[static]response-outparam.set", set_response);
  if (options.informational) {
    types.function("[method]response-outparam.send-informational", send_informational);
  } else {
    types.gated("[method]response-outparam.send-informational", "--wasi informational-outbound-responses");
  }
}

void add_incoming_response(component::HostInterface& types) {
  types.resource<IncomingResponse>("incoming-response")
      .function("[method]incoming-response.status",
                [](Caller&, IncomingResponse& self) { return self.core().status; })
      .function("[method]incoming-response.headers",
                [](Caller&, IncomingResponse& self) { return self.headers(); })
      .function("[method]incoming-response.consume", [](Caller&, IncomingResponse& self) {
        return consume(std::exchange(self.core().body, nullptr));
      });
}

}  // namespace

void add_http_messages(component::HostInterface& types, const HttpOptions& options) {
  add_incoming_request(types);
  add_outgoing_request(types);
  types.resource<RequestOptions>("request-options").function("[constructor]request-options", [](Caller&) {
    return std::make_unique<RequestOptions>();
  });
  add_timeout(types, "connect-timeout", &http::RequestTimeouts::connect);
  add_timeout(types, "first-byte-timeout", &http::RequestTimeouts::first_byte);
  add_timeout(types, "between-bytes-timeout", &http::RequestTimeouts::between_bytes);
  add_outparam(types, options);
  add_incoming_response(types);
  add_outgoing_response(types);
}

}  // namespace wisp::wasi::p2
