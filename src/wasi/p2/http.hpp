#pragma once

#include "component/instance/linked.hpp"
#include "component/link/host.hpp"
#include "wasi/http/handler.hpp"

#include <memory>

namespace wisp::wasi::p2 {

/// Items of wasi:http 0.2 that its WIT marks @unstable: absent unless turned on.
struct HttpOptions {
  bool informational = false;  ///< response-outparam.send-informational (informational-outbound-responses)
};

/// Provides wasi:http/types and wasi:http/outgoing-handler 0.2 (0.2.0 to 0.2.12), beside add_to(). Trees
/// linked against it need a wasi::Context; what they may send is its outgoing().
void add_http_to(component::HostLinker& linker, const HttpOptions& options);

/// How to call the component's wasi:http/incoming-handler 0.2. Errc::export_missing when it exports none.
[[nodiscard]] Result<std::shared_ptr<const http::HandlerFace>> http_handler(
    std::shared_ptr<const component::Linked> linked);

}  // namespace wisp::wasi::p2
