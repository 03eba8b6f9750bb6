#include "net/dns.hpp"

#include "net/event.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace wisp::net {

namespace asio = boost::asio;

namespace {

/// Letters, digits, '-', '_' and dots; labels of 1–63, 253 in all. Other scripts come in their ASCII form.
bool is_host_name(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fine || ++label > 63) return false;
  }
  return label != 0;
}

Result<DnsPool::Addresses> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    const bool unknown = code == EAI_NONAME || code == EAI_NODATA;
    return fail(unknown ? Errc::dns_not_found : Errc::dns, "cannot resolve {}: {}", host,
                ::gai_strerror(code));
  }
  DnsPool::Addresses addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    asio::ip::address address;
    if (each->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
      address = asio::ip::address_v4(ntohl(v4->sin_addr.s_addr));
    } else if (each->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
      address = asio::ip::address_v6(bytes, v6->sin6_scope_id);
    } else {
      continue;
    }
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return fail(Errc::dns_not_found, "{} has no address", host);
  return addresses;
}

}  // namespace

struct DnsPool::State {
  struct Job {
    std::string host;
    asio::executor_work_guard<asio::any_io_executor> caller;
    std::function<void(Result<Addresses>)> done;
  };

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !jobs.empty(); });
      if (ending) return;
      Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      auto result = look_up(job.host);
      const auto executor = job.caller.get_executor();
      asio::post(executor, [done = std::move(job.done), answer = std::move(result)]() mutable {
        done(std::move(answer));
      });
      job.caller.reset();
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  std::size_t max_waiting = 0;
  bool ending = false;
  std::vector<std::thread> threads;
};

DnsPool::DnsPool(std::size_t threads, std::size_t max_waiting) : state_(std::make_unique<State>()) {
  state_->max_waiting = max_waiting;
  for (std::size_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

DnsPool::~DnsPool() {
  std::deque<State::Job> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    dropped.swap(state_->jobs);
  }
  state_->changed.notify_all();
  for (auto& job : dropped) {
    asio::post(job.caller.get_executor(),
               [done = std::move(job.done)] { done(fail(Errc::cancelled, "name lookup ends")); });
  }
  for (auto& thread : state_->threads) thread.join();
}

std::optional<Result<DnsPool::Addresses>> DnsPool::start(std::string host,
                                                         const asio::any_io_executor& executor,
                                                         std::function<void(Result<Addresses>)> done) {
  boost::system::error_code not_numeric;
  if (const auto address = asio::ip::make_address(host, not_numeric); !not_numeric) return Addresses{address};
  if (!is_host_name(host)) return fail(Errc::usage, "\"{}\" is not a host name", host);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->jobs.size() >= state_->max_waiting) {
      return fail(Errc::no_capacity, "{} name lookups are waiting already", state_->max_waiting);
    }
    state_->jobs.push_back(
        {.host = std::move(host), .caller = asio::make_work_guard(executor), .done = std::move(done)});
  }
  state_->changed.notify_one();
  return std::nullopt;
}

asio::awaitable<Result<DnsPool::Addresses>> DnsPool::resolve(std::string host) {
  struct Lookup {
    Event done;
    std::optional<Result<Addresses>> result;
  };
  const auto lookup = std::make_shared<Lookup>();
  const auto executor = co_await asio::this_coro::executor;
  auto at_once = start(std::move(host), executor, [lookup](Result<Addresses> result) {
    lookup->result = std::move(result);
    lookup->done.fire_now();
  });
  if (at_once) co_return std::move(*at_once);
  if (!co_await lookup->done.wait()) co_return fail(Errc::cancelled, "name lookup was cancelled");
  co_return std::move(*lookup->result);
}

}  // namespace wisp::net
