#include "wasi/p2/http_testing.hpp"

#include <fmt/format.h>

#include <charconv>

namespace wisp::wasi::p2::http_testing {

namespace {

std::optional<std::string> field(const std::string& head, std::string_view name) {
  std::size_t at = 0;
  while ((at = head.find("\r\n", at)) != std::string::npos) {
    at += 2;
    const auto colon = head.find(':', at);
    if (colon == std::string::npos) break;
    if (net::http::same_name(std::string_view(head).substr(at, colon - at), name)) {
      const auto end = head.find("\r\n", colon);
      return head.substr(colon + 2, end - colon - 2);
    }
  }
  return std::nullopt;
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

/// Where a reply's bytes come from: a connection, or what came on it.
class Feed {
 public:
  virtual ~Feed() = default;
  /// Up to and with `end`; less when there is no more.
  virtual std::string until(std::string_view end) = 0;
  virtual std::string exactly(std::size_t size) = 0;
  virtual std::string rest() = 0;
};

class Wire final : public Feed {
 public:
  explicit Wire(RawClient& client) : client_(client) {}
  std::string until(std::string_view end) override { return client_.read_until(end); }
  std::string exactly(std::size_t size) override { return client_.read_exactly(size); }
  std::string rest() override { return client_.read_all(); }

 private:
  RawClient& client_;
};

class Text final : public Feed {
 public:
  explicit Text(std::string_view text) : text_(text) {}
  std::string until(std::string_view end) override {
    const auto at = text_.find(end);
    return exactly(at == std::string_view::npos ? text_.size() : at + end.size());
  }
  std::string exactly(std::size_t size) override {
    std::string out(text_.substr(0, size));
    text_.remove_prefix(out.size());
    return out;
  }
  std::string rest() override { return exactly(text_.size()); }

 private:
  std::string_view text_;
};

/// Chunks to their end; false when they break off.
bool read_chunks(Feed& feed, Reply& reply) {
  for (;;) {
    const std::string line = feed.until("\r\n");
    if (!line.ends_with("\r\n")) return false;
    const std::size_t size = number(line, 16);
    if (size == 0) {
      for (;;) {
        const std::string trailer = feed.until("\r\n");
        if (!trailer.ends_with("\r\n")) return false;
        if (trailer == "\r\n") return true;
        reply.trailers += trailer;
      }
    }
    const std::string chunk = feed.exactly(size + 2);
    reply.body += chunk.substr(0, std::min(size, chunk.size()));
    if (chunk.size() < size + 2) return false;
  }
}

Reply take_reply(Feed& feed, std::string_view method) {
  Reply reply;
  do {
    reply.head = feed.until("\r\n\r\n");
    if (!reply.head.ends_with("\r\n\r\n")) return reply;
    reply.status = static_cast<int>(number(std::string_view(reply.head).substr(9, 3), 10));
  } while (reply.status < 200);
  if (method == "HEAD" || reply.status == 204 || reply.status == 304) {
    reply.whole = true;
  } else if (const auto length = field(reply.head, "content-length")) {
    reply.body = feed.exactly(number(*length, 10));
    reply.whole = reply.body.size() == number(*length, 10);
  } else if (field(reply.head, "transfer-encoding")) {
    reply.whole = read_chunks(feed, reply);
  } else {
    reply.body = feed.rest();
    reply.whole = true;
  }
  return reply;
}

}  // namespace

Reply read_reply(RawClient& client, std::string_view method) {
  Wire wire(client);
  return take_reply(wire, method);
}

Reply parse_reply(std::string_view text, std::string_view method) {
  Text all(text);
  return take_reply(all, method);
}

ServedGuests::ServedGuests() : engine_(must(engine::Engine::create({.pooling = false}))) {
  add_to(linker_, {});
  add_http_to(linker_, {.informational = true});
}

std::shared_ptr<const http::HandlerFace> ServedGuests::face(const std::string& name) {
  auto& face = faces_[name];
  if (!face) {
    const auto component = must(component::Component::load(
        *engine_, component::testing::read_file("build/guests/" + name + ".wasm"), {}));
    face = must(http_handler(must(component::link(component, linker_))));
  }
  return face;
}

ServedGuests& served_guests() {
  static ServedGuests all;
  return all;
}

bool have_guest(const std::string& name) { return std::filesystem::exists("build/guests/" + name + ".wasm"); }

Served::Served(const std::string& guest, http::ServeOptions options, std::vector<std::string> allowed_hosts) {
  if (options.shards == 0) options.shards = 1;
  const auto setup = std::make_shared<const Setup>();
  options.outgoing.policy = std::make_shared<EgressPolicy>(must(EgressPolicy::parse(allowed_hosts)));
  options.outgoing.dns = std::make_shared<net::DnsPool>(1);
  options.make_context =
      [setup](const http::ShardServices& services) -> Result<std::shared_ptr<component::HostContext>> {
    auto context = std::make_shared<Context>(setup, services.shard.loop());
    context->set_outgoing(services.outgoing);
    return context;
  };
  options.on_failure = [this](const net::http::RequestHead&, const Error& error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(error.code());
  };
  service_ = must(
      http::HttpService::start(served_guests().engine(), served_guests().face(guest), std::move(options)));
}

Served::~Served() { service_.reset(); }

Reply Served::get(std::string_view target, std::string_view more_fields) {
  return request("GET", target, {}, more_fields);
}

Reply Served::request(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view more_fields) {
  RawClient client(port());
  client.send(fmt::format("{} {} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n{}", method, target,
                          more_fields));
  if (!body.empty()) client.send(fmt::format("Content-Length: {}\r\n", body.size()));
  client.send("\r\n");
  client.send(body);
  return parse_reply(client.read_all(), method);
}

std::vector<Errc> Served::failures() {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool Served::comes_to_rest() {
  return eventually([this] {
    const auto stats = service_->stats();
    return stats.in_flight == 0 && stats.live_trees == stats.idle_trees;
  });
}

}  // namespace wisp::wasi::p2::http_testing
