#pragma once

#include "component/instance/linked.hpp"
#include "component/link/host.hpp"
#include "wasi/http/handler.hpp"

#include <memory>

namespace wisp::wasi::p3 {

/// Provides wasi:http/types and wasi:http/client 0.3 (0.3.x), beside add_to(). Trees linked against it need a
/// wasi::Context; what they may send is its outgoing().
void add_http_to(component::HostLinker& linker);

/// How to call the component's wasi:http/handler 0.3. Errc::export_missing when it exports none.
[[nodiscard]] Result<std::shared_ptr<const http::HandlerFace>> http_handler(
    std::shared_ptr<const component::Linked> linked);

}  // namespace wisp::wasi::p3
