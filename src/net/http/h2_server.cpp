#include "net/http/server_state.hpp"
namespace wisp::net::http {
void start_h2(std::shared_ptr<Server::State>, std::unique_ptr<Transport>, std::string_view) {}
}  // namespace wisp::net::http
