#include "wasi/context.hpp"
#include "wasi/http/passed_body.hpp"
#include "wasi/p3/http_resources.hpp"

namespace wisp::wasi::p3 {

using component::Caller;
using http::ErrorCase;
using http::ErrorCode;
using Duration = std::optional<std::uint64_t>;

MessageBody::~MessageBody() {
  if (made_ && !transmission_->written())
    transmission_->write(std::unexpected(
        ErrorCode::of<ErrorCase::internal_error>("the message was dropped before it was sent")));
}

BodyEnds MessageBody::consume(boost::asio::io_context& loop, TransmissionFuture handled) {
  if (!made_) {
    if (!incoming_) incoming_ = std::make_shared<http::IncomingBody>(loop, nullptr);
    return open_body(loop, std::move(incoming_), std::move(handled));
  }
  BodyEnds ends = *std::exchange(made_, std::nullopt);
  if (!ends.contents) ends.contents.emplace(component::StreamWriter<std::uint8_t>().readable());
  forward(loop, std::move(handled), *std::move(transmission_));
  return ends;
}

std::shared_ptr<http::OutgoingContents> MessageBody::send(StreamedBody::Of of,
                                                          std::optional<std::uint64_t> announced,
                                                          Quota::Slot share) {
  if (!made_) {
    if (!incoming_ || incoming_->is_empty()) return nullptr;
    return std::make_shared<http::PassedBody>(of, std::move(incoming_), announced);
  }
  return std::make_shared<StreamedBody>(of, *std::exchange(made_, std::nullopt), *std::move(transmission_),
                                        announced, std::move(share));
}

namespace {

std::optional<std::string_view> unless_empty(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

}  // namespace

std::optional<std::string_view> Request::path_with_query() const noexcept {
  return incoming_ ? unless_empty(incoming_->head().path_with_query) : view(parts_.path_with_query);
}
std::optional<std::string_view> Request::scheme() const noexcept {
  return incoming_ ? std::optional<std::string_view>(incoming_->head().scheme) : view(parts_.scheme);
}
std::optional<std::string_view> Request::authority() const noexcept {
  return incoming_ ? unless_empty(incoming_->head().authority) : view(parts_.authority);
}

MessageBody& Request::body() {
  if (!body_) body_.emplace(incoming_->take_body_if_any());
  return *body_;
}

http::OutgoingRequest& Request::parts(Quota::Slot share) {
  if (incoming_) {
    static_cast<void>(body());
    const auto own = [](std::optional<std::string_view> text) {
      return text ? std::optional<std::string>(*text) : std::nullopt;
    };
    parts_ = {.method = std::string(method()),
              .scheme = own(scheme()),
              .authority = own(authority()),
              .path_with_query = own(path_with_query()),
              .fields = incoming_->take_fields(),
              .body = nullptr,
              .share = std::move(share)};
    incoming_.reset();
  }
  return parts_;
}

http::ResponseSlot::Answer to_answer(HttpReply<std::unique_ptr<Response>> reply, Quota::Slot share) {
  if (!reply) return std::unexpected(std::move(reply).error());
  Response& response = **reply;
  const auto length = http::content_length(*response.fields);
  // 1xx is no answer, and a length that is none cannot be sent.
  if (!length || response.status < 200)
    return std::unexpected(ErrorCode::of<ErrorCase::http_protocol_error>());
  return http::OutgoingResponse{
      .status = response.status,
      .fields = std::move(response.fields),
      .body = response.body.send(StreamedBody::Of::response, *length, std::move(share))};
}

namespace {

Quota::Slot share_of(Caller& caller) { return caller.context<Context>().message_bytes().empty(); }

Unexpected too_much() {
  return fail(Errc::trap_limit, "what the instance holds of messages grew beyond its limit");
}

using NewRequest = std::tuple<std::unique_ptr<Request>, TransmissionFuture>;
using NewResponse = std::tuple<std::unique_ptr<Response>, TransmissionFuture>;
using Consumed = std::tuple<BodyStream, TrailersFuture>;

NewRequest make_request(Caller& caller, std::unique_ptr<HttpFields> headers,
                        std::optional<BodyStream> contents, TrailersFuture trailers,
                        std::optional<std::unique_ptr<RequestOptions>> options) {
  std::shared_ptr<const http::RequestTimeouts> timeouts;
  if (options) timeouts = std::make_shared<http::RequestTimeouts>((*options)->timeouts());
  auto request = std::make_unique<Request>(
      headers->map().freeze(), BodyEnds{.contents = std::move(contents), .trailers = std::move(trailers)},
      std::move(timeouts), share_of(caller));
  auto transmission = request->body().transmission();
  return {std::move(request), std::move(transmission)};
}

NewResponse make_response(Caller&, std::unique_ptr<HttpFields> headers, std::optional<BodyStream> contents,
                          TrailersFuture trailers) {
  auto response = std::make_unique<Response>(
      200, headers->map().freeze(),
      MessageBody(BodyEnds{.contents = std::move(contents), .trailers = std::move(trailers)}));
  auto transmission = response->body.transmission();
  return {std::move(response), std::move(transmission)};
}

Consumed consume(Caller& caller, MessageBody& body, TransmissionFuture handled) {
  BodyEnds ends = body.consume(caller.loop(), std::move(handled));
  return {*std::move(ends.contents), std::move(ends.trailers)};
}

Result<Done> counted(http::OutgoingRequest& parts) {
  if (!parts.count_text()) return too_much();
  return Done();
}

Result<Done> set_method(Caller& caller, Request& self, http::Method method) {
  std::string token = http::to_token(std::move(method));
  if (!net::http::is_token(token)) return Refusal(Unit{});
  auto& parts = self.parts(share_of(caller));
  parts.method = std::move(token);
  return counted(parts);
}

Result<Done> set_path(Caller& caller, Request& self, std::optional<std::string> path) {
  if (path && !http::is_relative_target(*path)) return Refusal(Unit{});
  if (path && path->empty()) path = "/";
  auto& parts = self.parts(share_of(caller));
  parts.path_with_query = std::move(path);
  return counted(parts);
}

Result<Done> set_scheme(Caller& caller, Request& self, std::optional<http::Scheme> scheme) {
  std::optional<std::string> text;
  if (scheme) text = http::to_text(*std::move(scheme));
  if (text && !http::is_scheme(*text)) return Refusal(Unit{});
  auto& parts = self.parts(share_of(caller));
  parts.scheme = std::move(text);
  return counted(parts);
}

Result<Done> set_authority(Caller& caller, Request& self, std::optional<std::string> authority) {
  if (authority && !http::is_authority(*authority)) return Refusal(Unit{});
  auto& parts = self.parts(share_of(caller));
  parts.authority = std::move(authority);
  return counted(parts);
}

void add_request(component::HostInterface& types) {
  types.resource<Request>("request")
      .function("[static]request.new", make_request)
      .function("[method]request.get-method",
                [](Caller&, Request& self) { return http::to_method(self.method()); })
      .function("[method]request.set-method", set_method)
      .function("[method]request.get-path-with-query",
                [](Caller&, Request& self) { return self.path_with_query(); })
      .function("[method]request.set-path-with-query", set_path)
      .function("[method]request.get-scheme",
                [](Caller&, Request& self) {
                  const auto scheme = self.scheme();
                  return scheme ? std::optional(http::to_scheme(*scheme)) : std::nullopt;
                })
      .function("[method]request.set-scheme", set_scheme)
      .function("[method]request.get-authority", [](Caller&, Request& self) { return self.authority(); })
      .function("[method]request.set-authority", set_authority)
      .function("[method]request.get-options",
                [](Caller&, Request& self) {
                  std::optional<std::unique_ptr<RequestOptions>> options;
                  if (self.options()) options.emplace(std::make_unique<RequestOptions>(self.options()));
                  return options;
                })
      .function(
          "[method]request.get-headers",
          [](Caller&, Request& self) { return std::make_unique<HttpFields>(http::FieldMap(self.fields())); })
      .function("[static]request.consume-body",
                [](Caller& caller, std::unique_ptr<Request> self, TransmissionFuture handled) {
                  return consume(caller, self->body(), std::move(handled));
                });
}

Done set_status(Caller&, Response& self, std::uint16_t status) {
  if (status < 100 || status > 599) return Refusal(Unit{});
  self.status = status;
  return {};
}

void add_response(component::HostInterface& types) {
  types.resource<Response>("response")
      .function("[static]response.new", make_response)
      .function("[method]response.get-status-code", [](Caller&, Response& self) { return self.status; })
      .function("[method]response.set-status-code", set_status)
      .function(
          "[method]response.get-headers",
          [](Caller&, Response& self) { return std::make_unique<HttpFields>(http::FieldMap(self.fields)); })
      .function("[static]response.consume-body",
                [](Caller& caller, std::unique_ptr<Response> self, TransmissionFuture handled) {
                  return consume(caller, self->body, std::move(handled));
                });
}

using Timeout = std::optional<std::chrono::nanoseconds> http::RequestTimeouts::*;
using OptionsReply = std::expected<void, OptionsError>;

void add_timeout(component::HostInterface& types, const std::string& name, Timeout timeout) {
  types
      .function("[method]request-options.get-" + name,
                [timeout](Caller&, RequestOptions& self) -> Duration {
                  const auto& value = self.timeouts().*timeout;
                  if (!value) return std::nullopt;
                  return static_cast<std::uint64_t>(value->count());
                })
      .function("[method]request-options.set-" + name,
                [timeout](Caller&, RequestOptions& self, Duration value) -> OptionsReply {
                  if (!self.is_mutable()) {
                    OptionsError error;
                    error.value.emplace<1>();
                    return Refusal(std::move(error));
                  }
                  // Beyond 292 years a duration is as good as none; it keeps its bits, so the getter gives
                  // back what was set.
                  auto& place = self.own().*timeout;
                  if (!value) {
                    place.reset();
                  } else {
                    place = std::chrono::nanoseconds(static_cast<std::int64_t>(*value));
                  }
                  return {};
                });
}

void add_options(component::HostInterface& types) {
  types.resource<RequestOptions>("request-options")
      .function("[constructor]request-options", [](Caller&) { return std::make_unique<RequestOptions>(); })
      .function("[method]request-options.clone", [](Caller&, RequestOptions& self) {
        return std::make_unique<RequestOptions>(self.timeouts());
      });
  add_timeout(types, "connect-timeout", &http::RequestTimeouts::connect);
  add_timeout(types, "first-byte-timeout", &http::RequestTimeouts::first_byte);
  add_timeout(types, "between-bytes-timeout", &http::RequestTimeouts::between_bytes);
}

}  // namespace

void add_http_messages(component::HostInterface& types) {
  add_request(types);
  add_response(types);
  add_options(types);
}

}  // namespace wisp::wasi::p3
