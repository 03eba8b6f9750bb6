#include "wasi/bridge/http.hpp"

#include "component/instance/tree.hpp"
#include "wasi/bridge/adapter.hpp"
#include "wasi/http/local_handler.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/http_resources.hpp"
#include "wasi/p3/http.hpp"
#include "wasi/p3/http_sending.hpp"

namespace wisp::wasi::bridge {

using component::Caller;
using component::ImportedFunc;
using component::ProviderRef;
using component::ResourceTags;

namespace {

/// A provider that handles requests of its callers: the instances that do so belong to the caller's, as those
/// of all providers.
class Callee {
 public:
  Callee(const ProviderRef& from, std::shared_ptr<const http::HandlerFace> face, std::string_view handler)
      : from_(from), face_(std::move(face)), handler_(handler) {}

  /// Called while the guest waits for the call to begin.
  [[nodiscard]] std::shared_ptr<http::LocalHandler> of(Caller& caller) const {
    constexpr std::uint32_t kWarm = 16, kConcurrency = 16, kLive = 256;
    auto& tree = caller.tree();
    auto& slot = tree.attachment(from_.index);
    if (slot == nullptr) {
      http::LocalHandler::Options options{
          .name = from_.provider->name,
          .trees = tree.limits(),
          .pool = {.pool_size = kWarm,
                   .max_invocations = from_.provider->max_invocations,
                   .max_concurrency = face_->lift().type->async ? kConcurrency : 1,
                   .max_live = kLive},
          .on_failure = nullptr};
      if (from_.provider->on_crash)
        options.on_failure = [provider = from_.provider, handler = handler_](
                                 const net::http::RequestHead& head, const Error& error) {
          if (error.code() == Errc::cancelled) return;
          provider->on_crash(Error(error)
                                 .in(fmt::format("{} {}", head.method, head.path_with_query))
                                 .with("export", std::string(handler)));
        };
      slot = std::make_shared<http::LocalHandler>(
          tree.shard(), face_,
          [context = tree.shared_context()]() -> Result<std::shared_ptr<component::HostContext>> {
            return context;
          },
          std::move(options));
    }
    return std::static_pointer_cast<http::LocalHandler>(slot);
  }

 private:
  ProviderRef from_;
  std::shared_ptr<const http::HandlerFace> face_;
  std::string_view handler_;  // the export, for messages
};

}  // namespace

component::Bridge handler_over_incoming_handler() {
  using p3::HandlerReply;
  return {.import_name = "wasi:http/handler@0.3",
          .export_name = "wasi:http/incoming-handler@0.2",
          .bind = [](const ProviderRef& from, const ImportedFunc& import,
                     const ResourceTags& tags) -> Result<std::shared_ptr<const component::HostFunction>> {
            auto handle = [callee = Callee(from, TRY(p2::http_handler(from.provider->linked)),
                                           "wasi:http/incoming-handler@0.2#handle")](
                              Caller& caller,
                              std::unique_ptr<p3::Request> request) -> component::Eventually<HandlerReply> {
              auto outbound = p3::to_outbound(std::move(request), caller.context<Context>());
              if (!outbound) return Result<HandlerReply>(pass_on(std::move(outbound)));
              auto sent = callee.of(caller)->send(std::move(outbound->request), outbound->timeouts, {});
              if (!sent) return Result<HandlerReply>(pass_on(std::move(sent)));
              return p3::arrival(*std::move(sent));
            };
            return checked(component::make_async_host_function(std::move(handle)), import, tags);
          }};
}

component::Bridge incoming_handler_over_handler() {
  return {.import_name = "wasi:http/incoming-handler@0.2",
          .export_name = "wasi:http/handler@0.3",
          .bind = [](const ProviderRef& from, const ImportedFunc& import,
                     const ResourceTags& tags) -> Result<std::shared_ptr<const component::HostFunction>> {
            auto handle = [callee = Callee(from, TRY(p3::http_handler(from.provider->linked)),
                                           "wasi:http/handler@0.3#handle")](
                              Caller& caller, std::unique_ptr<p2::IncomingRequest> request,
                              std::unique_ptr<p2::ResponseOutparam> out) -> Result<> {
              TRY(request->may_drop());
              auto core = request->shared();
              auto slot = out->shared();
              request.reset();
              out.reset();
              return caller.await(callee.of(caller)->pass_on(std::move(core), std::move(slot)));
            };
            return checked(component::make_host_function(std::move(handle)), import, tags);
          }};
}

}  // namespace wisp::wasi::bridge
