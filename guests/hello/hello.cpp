// The sample: `GET /?name=you` is answered with a greeting, anything else with the 13 bytes the benchmark
// counts.
#include "http.hpp"

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request,
                                               guest::Outparam out) {
  const auto target = guest::target_of(wasi_http_types_borrow_incoming_request(request));
  const auto name = guest::query_value(target, "name");
  wasi_http_types_incoming_request_drop_own(request);
  guest::respond_text(out, 200, name ? "Hello, " + *name + "!\n" : "Hello, world!");
}
