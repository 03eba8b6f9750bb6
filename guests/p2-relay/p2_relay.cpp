// Middleware in 0.2: hands every request on but those for /own.
#include "http.hpp"

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request,
                                               guest::Outparam out) {
  if (guest::path_of(guest::target_of(wasi_http_types_borrow_incoming_request(request))) == "/own") {
    wasi_http_types_incoming_request_drop_own(request);
    return guest::respond_text(out, 200, "its own\n");
  }
  wasi_http_incoming_handler_handle(request, out);
}
