#include "wasi/p2/http.hpp"

#include "component/instance/call_side.hpp"
#include "component/link/linker.hpp"
#include "wasi/http/sending.hpp"
#include "wasi/p2/http_types.hpp"

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

using SendReply = HttpReply<std::unique_ptr<FutureIncomingResponse>>;

Result<SendReply> send(Caller& caller, std::unique_ptr<OutgoingRequest> request,
                       std::optional<std::unique_ptr<RequestOptions>> options) {
  TRY(request->may_drop());
  auto pending = http::send(caller.context<Context>(), std::move(request->core()),
                            options ? (*options)->timeouts() : http::RequestTimeouts{});
  if (!pending) return pass_on(std::move(pending));
  return std::make_unique<FutureIncomingResponse>(*std::move(pending));
}

std::optional<http::ErrorCode> error_code(Caller&, IoError& error) {
  const auto* code = error.failure().as<http::ErrorCode>();
  if (code == nullptr) return std::nullopt;
  return *code;
}

/// Calls incoming-handler.handle(request: incoming-request, response-out: response-outparam).
class IncomingHandler final : public http::HandlerFace {
 public:
  IncomingHandler(std::shared_ptr<const component::Linked> linked, const component::Lift& lift)
      : linked_(std::move(linked)), lift_(&lift) {}

  [[nodiscard]] const std::shared_ptr<const component::Linked>& linked() const noexcept override {
    return linked_;
  }
  [[nodiscard]] const component::Lift& lift() const noexcept override { return *lift_; }

  Result<> handle(component::Tree& tree, component::GuestRun& run,
                  std::shared_ptr<http::IncomingRequest> request,
                  std::shared_ptr<http::ResponseSlot> slot) const override {
    struct Arguments {
      std::shared_ptr<http::IncomingRequest> request;
      std::shared_ptr<http::ResponseSlot> slot;
    } arguments{std::move(request), std::move(slot)};
    return tree.call(
        run, *lift_,
        [&arguments](component::CallSide& side, component::FlatSpan values) -> Result<> {
          values[0].i32 = static_cast<std::int32_t>(
              TRY(side.lower_host_own(component::host_type_tag<IncomingRequest>(),
                                      std::make_unique<IncomingRequest>(std::move(arguments.request)))));
          values[1].i32 = static_cast<std::int32_t>(
              TRY(side.lower_host_own(component::host_type_tag<ResponseOutparam>(),
                                      std::make_unique<ResponseOutparam>(std::move(arguments.slot)))));
          return {};
        },
        [](component::CallSide&, component::FlatSpan) -> Result<> { return {}; });
  }

 private:
  std::shared_ptr<const component::Linked> linked_;
  const component::Lift* lift_;  // of linked_
};

constexpr std::string_view kIncomingHandler = "wasi:http/incoming-handler@0.2.12";

}  // namespace

void add_http_to(component::HostLinker& linker, const HttpOptions& options) {
  auto& types = linker.interface("wasi:http/types@0.2.12");
  types.resource<IoError>("io-error")
      .resource<IoError>("error")
      .resource<Pollable>("pollable")
      .resource<InputStream>("input-stream")
      .resource<OutputStream>("output-stream")
      .function("http-error-code", error_code);
  add_http_fields(types);
  add_http_messages(types, options);
  add_http_bodies(types);
  linker.interface("wasi:http/outgoing-handler@0.2.12")
      .resource<OutgoingRequest>("outgoing-request")
      .resource<RequestOptions>("request-options")
      .resource<FutureIncomingResponse>("future-incoming-response")
      .function("handle", send);
}

Result<std::shared_ptr<const http::HandlerFace>> http_handler(
    std::shared_ptr<const component::Linked> linked) {
  const component::Lift* lift = component::find_export(*linked, kIncomingHandler, "handle");
  if (lift == nullptr)
    return std::unexpected(
        Error(Errc::export_missing, "the component does not export wasi:http/incoming-handler")
            .with("try", "run a command with wisp run"));
  const auto is_own = [&](std::size_t index, component::HostTypeTag tag) {
    const component::Type* type = lift->type->params[index].type;
    return type->kind == component::Kind::own && linked->resources[type->resource.value].tag == tag;
  };
  if (lift->type->params.size() != 2 || lift->type->result != nullptr || lift->type->async ||
      !is_own(0, component::host_type_tag<IncomingRequest>()) ||
      !is_own(1, component::host_type_tag<ResponseOutparam>()))
    return fail(Errc::export_type, "the component's wasi:http/incoming-handler has another type");
  return std::make_shared<IncomingHandler>(std::move(linked), *lift);
}

}  // namespace wisp::wasi::p2
