#include "wasi/p3/http.hpp"

#include "component/instance/call_side.hpp"
#include "component/link/linker.hpp"
#include "wasi/http/sending.hpp"
#include "wasi/p3/http_sending.hpp"

namespace wisp::wasi::p3 {

using component::Caller;
using component::Eventually;
using http::ErrorCode;

namespace {

Eventually<HandlerReply> send(Caller& caller, std::unique_ptr<Request> request) {
  auto& context = caller.context<Context>();
  auto outbound = to_outbound(std::move(request), context);
  if (!outbound) return Result<HandlerReply>(pass_on(std::move(outbound)));
  auto sent = http::send(context, std::move(outbound->request), outbound->timeouts);
  if (!sent) return Result<HandlerReply>(pass_on(std::move(sent)));
  return arrival(*std::move(sent));
}

/// Calls handler.handle: async func(request: request) -> result<response, error-code>.
class Call final : public http::HandlerCall {
 public:
  Call(const component::Lift& lift, std::shared_ptr<http::IncomingRequest> request,
       std::shared_ptr<http::ResponseSlot> slot)
      : HandlerCall(std::move(request), std::move(slot)), lift_(&lift) {}

  Result<> start(component::CallSide& callee, component::FlatSpan params) override {
    params[0].i32 = static_cast<std::int32_t>(TRY(callee.lower_host_own(
        component::host_type_tag<Request>(), std::make_unique<Request>(take_request()))));
    return {};
  }

  Result<> resolve(component::CallSide& callee, component::FlatSpan results) override {
    using Type = component::Wit<HandlerReply>;
    component::LiftContext in{.side = callee, .memory = callee.memory(), .scratch = {}};
    HandlerReply reply;
    if (lift_->signature.indirect_results) {
      const auto bytes =
          TRY(in.memory.range(static_cast<std::uint32_t>(results[0].i32), Type::kSize, Type::kAlign));
      reply = TRY(Type::load(in, bytes.data()));
    } else {
      reply = TRY(Type::lift(in, results.data()));
    }
    component::Tree& tree = callee.instance().tree();
    auto& context = static_cast<Context&>(tree.context());
    answer(to_answer(std::move(reply), context.message_bytes().empty()));
    return {};
  }

 private:
  const component::Lift* lift_;
};

class Handler final : public http::HandlerFace {
 public:
  Handler(std::shared_ptr<const component::Linked> linked, const component::Lift& lift)
      : linked_(std::move(linked)), lift_(&lift) {}

  [[nodiscard]] const std::shared_ptr<const component::Linked>& linked() const noexcept override {
    return linked_;
  }
  [[nodiscard]] const component::Lift& lift() const noexcept override { return *lift_; }
  [[nodiscard]] std::unique_ptr<http::HandlerCall> call(
      std::shared_ptr<http::IncomingRequest> request,
      std::shared_ptr<http::ResponseSlot> slot) const override {
    return std::make_unique<Call>(*lift_, std::move(request), std::move(slot));
  }

 private:
  std::shared_ptr<const component::Linked> linked_;
  const component::Lift* lift_;  // of linked_
};

constexpr std::string_view kHandler = "wasi:http/handler@0.3.2";

}  // namespace

void add_http_to(component::HostLinker& linker) {
  auto& types = linker.interface("wasi:http/types@0.3.2");
  add_http_fields(types);
  add_http_messages(types);
  linker.interface("wasi:http/client@0.3.2")
      .resource<Request>("request")
      .resource<Response>("response")
      .async_function("send", send);
}

Result<std::shared_ptr<const http::HandlerFace>> http_handler(
    std::shared_ptr<const component::Linked> linked) {
  const component::Lift* lift = component::find_export(*linked, kHandler, "handle");
  if (lift == nullptr)
    return std::unexpected(Error(Errc::export_missing, "the component does not export wasi:http/handler")
                               .with("try", "run a command with wisp run"));
  const component::FuncType& type = *lift->type;
  if (!type.async || type.params.size() != 1 || type.result == nullptr ||
      !component::Wit<std::unique_ptr<Request>>::matches(type.params[0].type, linked->tags()) ||
      !component::Wit<HandlerReply>::matches(type.result, linked->tags()))
    return fail(Errc::export_type, "the component's wasi:http/handler has another type");
  return std::make_shared<Handler>(std::move(linked), *lift);
}

}  // namespace wisp::wasi::p3
