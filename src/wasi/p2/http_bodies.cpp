#include "wasi/p2/http_types.hpp"

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

/// The end of an incoming body, with its trailers. Who waits for it wants the rest of the body thrown away.
class TrailersArrival final : public Readiness {
 public:
  explicit TrailersArrival(std::shared_ptr<http::IncomingBody> body) : body_(std::move(body)) {}
  [[nodiscard]] bool ready() override {
    if (!body_->at_end()) body_->skip_to_end();
    return body_->at_end();
  }
  [[nodiscard]] Signal& changed() noexcept override { return body_->changed(); }

 private:
  std::shared_ptr<http::IncomingBody> body_;
};

using TrailersReply = HttpReply<std::optional<std::unique_ptr<HttpFields>>>;

std::optional<Maybe<TrailersReply>> get_trailers(Caller&, FutureTrailers& self) {
  if (!self.ready()) return std::nullopt;
  if (!self.take()) return Maybe<TrailersReply>(std::unexpected(Unit{}));
  auto outcome = self.body().outcome();
  if (!outcome) return Maybe<TrailersReply>(TrailersReply(std::unexpected(std::move(outcome).error())));
  std::optional<std::unique_ptr<HttpFields>> trailers;
  // Not a child of the future, although the WIT says so: guests drop the future first, and other hosts let
  // them.
  if (*outcome) trailers.emplace(std::make_unique<HttpFields>(http::FieldMap(*std::move(outcome))));
  return Maybe<TrailersReply>(TrailersReply(std::move(trailers)));
}

Result<std::unique_ptr<FutureTrailers>> finish_incoming(Caller&, std::unique_ptr<IncomingBody> self) {
  TRY(self->may_drop());
  return std::make_unique<FutureTrailers>(self->release());
}

Result<HttpReply<>> finish_outgoing(Caller&, std::unique_ptr<OutgoingBody> self,
                                    std::optional<std::unique_ptr<HttpFields>> trailers) {
  TRY(self->may_drop());
  http::SharedFields fields;
  if (trailers) fields = (*trailers)->map().freeze();
  return self->core().finish(std::move(fields));
}

using ResponseReply = HttpReply<std::unique_ptr<IncomingResponse>>;

std::optional<Maybe<ResponseReply>> get_response(Caller&, FutureIncomingResponse& self) {
  if (!self.pending().ready()) return std::nullopt;
  auto outcome = self.pending().take();
  if (!outcome) return Maybe<ResponseReply>(std::unexpected(Unit{}));
  if (!*outcome) return Maybe<ResponseReply>(ResponseReply(std::unexpected(std::move(*outcome).error())));
  return Maybe<ResponseReply>(ResponseReply(std::make_unique<IncomingResponse>(**std::move(outcome))));
}

}  // namespace

FutureTrailers::FutureTrailers(std::shared_ptr<http::IncomingBody> body)
    : body_(std::move(body)), arrival_(std::make_shared<TrailersArrival>(body_)) {}

bool FutureTrailers::ready() { return arrival_->ready(); }

std::unique_ptr<Pollable> FutureTrailers::subscribe() {
  return std::make_unique<Pollable>(arrival_, children_.adopt());
}

void add_http_bodies(component::HostInterface& types) {
  types.resource<IncomingBody>("incoming-body")
      .function("[method]incoming-body.stream",
                [](Caller&, IncomingBody& self) -> Maybe<std::unique_ptr<InputStream>> {
                  auto stream = self.stream();
                  if (!stream) return std::unexpected(Unit{});
                  return stream;
                })
      .function("[static]incoming-body.finish", finish_incoming);
  types.resource<FutureTrailers>("future-trailers")
      .function("[method]future-trailers.subscribe",
                [](Caller&, FutureTrailers& self) { return self.subscribe(); })
      .function("[method]future-trailers.get", get_trailers);
  types.resource<OutgoingBody>("outgoing-body")
      .function("[method]outgoing-body.write",
                [](Caller&, OutgoingBody& self) -> Maybe<std::unique_ptr<OutputStream>> {
                  auto stream = self.stream();
                  if (!stream) return std::unexpected(Unit{});
                  return stream;
                })
      .function("[static]outgoing-body.finish", finish_outgoing);
  types.resource<FutureIncomingResponse>("future-incoming-response")
      .function("[method]future-incoming-response.subscribe",
                [](Caller&, FutureIncomingResponse& self) { return self.subscribe(); })
      .function("[method]future-incoming-response.get", get_response);
}

}  // namespace wisp::wasi::p2
