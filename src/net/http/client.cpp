#include "net/http/client.hpp"

#include "net/connect.hpp"
#include "net/http/client_state.hpp"
#include "net/http/h1_client.hpp"
#include "net/http/h2_client.hpp"

#include <algorithm>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

/// Sends a request again, once, when the kept connection it went over turns out to have been closed before
/// the server can have seen it.
class RepeatingExchange final : public ClientExchange {
 public:
  RepeatingExchange(std::shared_ptr<Client::State> client, std::unique_ptr<PooledExchange> exchange,
                    RequestHead head, SendContext context)
      : client_(std::move(client)),
        exchange_(std::move(exchange)),
        head_(std::move(head)),
        context_(std::move(context)) {}

  asio::awaitable<Result<>> write(std::span<const std::byte> data) override { return exchange_->write(data); }
  asio::awaitable<Result<>> finish(const Fields* trailers) override { return exchange_->finish(trailers); }
  void abort() noexcept override {
    repeated_ = true;
    exchange_->abort();
  }
  asio::awaitable<Result<ResponseHead*>> response() override {
    auto response = co_await exchange_->response();
    if (response || repeated_ || !exchange_->untouched()) co_return response;
    repeated_ = true;
    exchange_ = CO_TRY(co_await client_->send(head_, context_, Client::State::Reuse::fresh));
    co_return co_await exchange_->response();
  }
  bool bodiless() const noexcept override { return exchange_->bodiless(); }
  Version version() const noexcept override { return exchange_->version(); }
  asio::awaitable<Result<std::span<const std::byte>>> read_body(std::size_t max) override {
    CO_TRY(co_await response());
    co_return co_await exchange_->read_body(max);
  }
  std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) override {
    return exchange_->read_now(max);
  }
  const Fields* trailers() const noexcept override { return exchange_->trailers(); }

 private:
  std::shared_ptr<Client::State> client_;
  std::unique_ptr<PooledExchange> exchange_;
  RequestHead head_;
  SendContext context_;
  bool repeated_ = false;
};

bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "DELETE" || method == "PUT";
}

/// What connections are shared by. The parts cannot contain the separator, but for the last.
std::string key_of(const RequestHead& head, const SendOptions& options) {
  std::string key;
  key.reserve(head.scheme.size() + head.authority.size() + options.pool_key.size() + 4);
  key.append(head.scheme).append(" ");
  std::ranges::transform(head.authority, std::back_inserter(key),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  key.append(" ");
  switch (options.protocol) {
    case ClientProtocol::automatic:
      key.append("a ");
      break;
    case ClientProtocol::http_1_1:
      key.append("1 ");
      break;
    case ClientProtocol::h2_prior_knowledge:
      key.append("2 ");
      break;
  }
  key.append(options.pool_key);
  return key;
}

Alpn alpn_of(ClientProtocol protocol) noexcept {
  switch (protocol) {
    case ClientProtocol::automatic:
      return Alpn::h2_and_http_1_1;
    case ClientProtocol::http_1_1:
      return Alpn::http_1_1;
    case ClientProtocol::h2_prior_knowledge:
      return Alpn::h2;
  }
  return Alpn::http_1_1;
}

}  // namespace

asio::awaitable<bool> Client::State::others_to_connect(const std::string& key) {
  struct Waiting {
    State& state;
    const std::string& key;
    Event over;
    Waiting(State& of, const std::string& at) : state(of), key(at) { state.attempts[key].push_back(&over); }
    ~Waiting() {
      if (const auto found = state.attempts.find(key); found != state.attempts.end())
        std::erase(found->second, &over);
    }
  } waiting(*this, key);
  co_return co_await waiting.over.wait();
}

asio::awaitable<Result<std::unique_ptr<PooledExchange>>> Client::State::send(const RequestHead& head,
                                                                             const SendContext& context,
                                                                             Reuse reuse) {
  const auto self = shared_from_this();
  const bool secure = head.scheme == "https";
  if (!secure && head.scheme != "http") {
    co_return fail(Errc::http_protocol, "the scheme \"{}\" is not supported", head.scheme);
  }
  if (secure && !tls) co_return fail(Errc::tls_config, "this client has no TLS");
  const Authority authority = CO_TRY(parse_authority(head.authority));
  const std::string key = key_of(head, context.options);

  const bool shared = context.options.protocol == ClientProtocol::h2_prior_knowledge;
  if (reuse == Reuse::allowed) {
    if (auto connection = find_h2(key)) co_return send_h2(connection, head, context);
    if (shared && attempts.contains(key)) {
      if (!co_await others_to_connect(key)) co_return fail(Errc::cancelled, "connecting was cancelled");
      if (auto connection = find_h2(key)) co_return send_h2(connection, head, context);
    }
    if (auto connection = take_idle(key)) co_return co_await send_h1(std::move(connection), head, context);
  }
  if (open + connecting >= limits.connections) {
    co_return fail(Errc::no_capacity, "{} connections are open already", limits.connections);
  }
  ConnectTarget target{.host = authority.host,
                       .port = authority.port.value_or(secure ? 443 : 80),
                       .policy = context.options.policy,
                       .tls = secure ? tls : nullptr,
                       .alpn = alpn_of(context.options.protocol),
                       .timeout = context.options.connect_timeout};
  struct Count {
    std::uint32_t& count;
    explicit Count(std::uint32_t& of) : count(of) { ++count; }
    ~Count() { --count; }
  };
  struct Attempt {
    State* state;  // null: nobody waits for this one
    const std::string& key;
    ~Attempt() {
      if (state == nullptr) return;
      const auto waiting = std::move(state->attempts[key]);
      state->attempts.erase(key);
      for (Event* event : waiting) event->fire();
    }
  };
  const bool first = shared && attempts.try_emplace(key).second;
  const Attempt attempt{.state = first ? this : nullptr, .key = key};
  std::unique_ptr<Transport> transport;
  {
    const Count one(connecting);
    transport = CO_TRY(co_await connect(io, wheel, *dns, std::move(target)));
  }
  if (ended) co_return fail(Errc::cancelled, "the client has ended");
  const bool h2 =
      context.options.protocol == ClientProtocol::h2_prior_knowledge || transport->negotiated_h2();
  if (h2) {
    auto connection =
        std::make_shared<H2Client>(self, key, std::move(transport), context.options.max_head_bytes);
    connection->start();
    places[key].h2.push_back(connection);
    co_return send_h2(connection, head, context);
  }
  auto connection =
      std::make_shared<H1Client>(self, key, std::move(transport), context.options.max_head_bytes);
  connection->start();
  co_return co_await send_h1(std::move(connection), head, context);
}

std::unique_ptr<PooledExchange> Client::State::send_now(const RequestHead& head, const SendContext& context) {
  const std::string key = key_of(head, context.options);
  // What is wrong with a head is said by send().
  if (auto connection = find_h2(key)) return send_h2(connection, head, context).value_or(nullptr);
  if (auto connection = take_idle(key)) return send_h1_now(std::move(connection), head, context);
  return nullptr;
}

std::shared_ptr<H2Client> Client::State::find_h2(const std::string& key) noexcept {
  const auto place = places.find(key);
  if (place == places.end()) return nullptr;
  const auto found =
      std::ranges::find_if(place->second.h2, [](const auto& each) { return each->has_room(); });
  return found == place->second.h2.end() ? nullptr : *found;
}

std::shared_ptr<H1Client> Client::State::take_idle(const std::string& key) noexcept {
  const auto place = places.find(key);
  if (place == places.end()) return nullptr;
  std::shared_ptr<H1Client> usable;
  std::vector<std::shared_ptr<H1Client>> useless;  // their end forgets the place
  while (!usable && !place->second.idle.empty()) {
    auto connection = std::move(place->second.idle.back());
    place->second.idle.pop_back();
    connection->take();
    if (connection->usable()) {
      usable = std::move(connection);
    } else {
      connection->close();
      useless.push_back(std::move(connection));
    }
  }
  // The place stays for the one that is taken, which will come back.
  if (!usable) forget_empty(place);
  return usable;
}

void Client::State::give_back(std::shared_ptr<H1Client> connection) {
  if (ended) {
    connection->close();
    return;
  }
  auto& idle = places[connection->key()].idle;
  if (idle.size() >= limits.idle_per_key) {
    connection->close();
    return;
  }
  connection->rest();
  idle.push_back(std::move(connection));
}

void Client::State::forget(const std::string& key, const H1Client* connection) noexcept {
  const auto place = places.find(key);
  if (place == places.end()) return;
  std::erase_if(place->second.idle, [&](const auto& each) { return each.get() == connection; });
  forget_empty(place);
}

void Client::State::forget(const std::string& key, const H2Client* connection) noexcept {
  const auto place = places.find(key);
  if (place == places.end()) return;
  std::erase_if(place->second.h2, [&](const auto& each) { return each.get() == connection; });
  forget_empty(place);
}

void Client::State::close_all() noexcept {
  ended = true;
  const auto all = std::exchange(places, {});
  for (const auto& [key, place] : all) {
    for (const auto& connection : place.idle) connection->close();
    for (const auto& connection : place.h2) connection->close();
  }
}

Client::Client(asio::io_context& io, std::shared_ptr<DnsPool> dns,
               std::shared_ptr<const TlsClientContext> tls, ClientLimits limits)
    : state_(std::make_shared<State>(io, std::move(dns), std::move(tls), limits)) {}

Client::~Client() { state_->close_all(); }

asio::awaitable<Result<std::unique_ptr<ClientExchange>>> Client::send(RequestHead head, BodySize size,
                                                                      SendOptions options) {
  const auto state = state_;
  SendContext context{.size = size, .options = std::move(options)};
  std::unique_ptr<PooledExchange> exchange =
      CO_TRY(co_await state->send(head, context, State::Reuse::allowed));
  const bool bodiless = size.is_known() && size.bytes() == 0;
  if (!bodiless || !is_idempotent(head.method)) co_return exchange;
  co_return std::make_unique<RepeatingExchange>(state, std::move(exchange), std::move(head),
                                                std::move(context));
}

std::shared_ptr<ClientExchange> Client::send_now(RequestHead& head, SendOptions& options) {
  SendContext context{.size = BodySize::none(), .options = std::move(options)};
  auto exchange = state_->send_now(head, context);
  if (!exchange) options = std::move(context.options);
  if (!exchange || !is_idempotent(head.method)) return exchange;
  return std::make_shared<RepeatingExchange>(state_, std::move(exchange), std::move(head),
                                             std::move(context));
}

std::uint32_t Client::open_connections() const noexcept { return state_->open; }
std::uint64_t Client::connections_made() const noexcept { return state_->made; }

}  // namespace wisp::net::http
