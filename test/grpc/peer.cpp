// A gRPC server and a client that counts, over grpc++: what test/grpc/grpc.py puts at both ends of a guest.
//   peer serve                                          prints its port; until its stdin ends
//   peer call TARGET AUTHORITY SCENARIO [COUNT] [SIZE]   says what went wrong, and fails
// With PEER_CERTIFICATE and PEER_KEY (names of PEM files) the server speaks TLS, with PEER_CERTIFICATE the
// client does.
#include "echo.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using grpc::Status;
using grpc::StatusCode;
using wisp::test::Echo;
using wisp::test::Message;
using namespace std::chrono_literals;

constexpr const char* kCancels = "x-cancels";  // metadata of calls that the caller will give up

// --- the server

class Service final : public Echo::Service {
  Status Unary(grpc::ServerContext* context, const Message* request, Message* reply) override {
    *reply = *request;
    // Metadata goes both ways, of text and of bytes.
    for (const auto& [name, value] : context->client_metadata()) {
      if (!name.starts_with("x-")) continue;
      const std::string key(name.data(), name.size()), text(value.data(), value.size());
      context->AddInitialMetadata("head-" + key, text);
      context->AddTrailingMetadata("tail-" + key, text);
    }
    return Status::OK;
  }

  Status Download(grpc::ServerContext* context, const Message* request,
                  grpc::ServerWriter<Message>* writer) override {
    return send(context, *request, writer);
  }

  Status Upload(grpc::ServerContext*, grpc::ServerReader<Message>* reader, Message* reply) override {
    Message message;
    std::uint64_t count = 0;
    while (reader->Read(&message)) {
      if (message.number() != count++) return {StatusCode::INVALID_ARGUMENT, "lost or reordered"};
    }
    reply->set_number(count);
    return Status::OK;
  }

  Status Chat(grpc::ServerContext* context, grpc::ServerReaderWriter<Message, Message>* stream) override {
    Message message;
    while (stream->Read(&message)) {
      if (!stream->Write(message)) break;
    }
    if (context->client_metadata().contains(kCancels)) count_cancelled(*context);
    context->AddTrailingMetadata("x-end", "bye");
    return Status::OK;
  }

  Status Refuse(grpc::ServerContext*, const Message*, Message*) override {
    return {StatusCode::ABORTED, "refused: ünd só fort"};
  }

  Status Break(grpc::ServerContext* context, const Message* request,
               grpc::ServerWriter<Message>* writer) override {
    if (auto sent = send(context, *request, writer); !sent.ok()) return sent;
    return {StatusCode::ABORTED, "broken"};
  }

  Status Wait(grpc::ServerContext* context, const Message*, Message*) override {
    while (!context->IsCancelled()) std::this_thread::sleep_for(5ms);
    ++cancelled_;
    return {StatusCode::CANCELLED, "cancelled"};
  }

  Status Cancelled(grpc::ServerContext*, const Message*, Message* reply) override {
    reply->set_number(cancelled_);
    return Status::OK;
  }

  Status send(grpc::ServerContext* context, const Message& request, grpc::ServerWriter<Message>* writer) {
    Message message = request;
    for (std::uint64_t i = 0; i < request.number(); ++i) {
      message.set_number(i);
      if (writer->Write(message)) continue;
      count_cancelled(*context);
      return {StatusCode::CANCELLED, "the client has gone"};
    }
    return Status::OK;
  }

  /// grpc++ may fail a read or write before it knows that the call was cancelled.
  void count_cancelled(const grpc::ServerContext& context) {
    for (int i = 0; i < 2'000 && !context.IsCancelled(); ++i) std::this_thread::sleep_for(5ms);
    if (context.IsCancelled()) ++cancelled_;
  }

  std::atomic<std::uint64_t> cancelled_ = 0;
};

/// The file that an environment variable names; empty if it does not exist.
std::string file_of(const char* variable) {
  const char* const name = std::getenv(variable);
  if (name == nullptr) return {};
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

int serve() {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  auto credentials = grpc::InsecureServerCredentials();
  if (const std::string certificate = file_of("PEER_CERTIFICATE"); !certificate.empty()) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({.private_key = file_of("PEER_KEY"), .cert_chain = certificate});
    credentials = grpc::SslServerCredentials(options);
  }
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server || port == 0) return 1;
  std::printf("%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server->Shutdown(std::chrono::system_clock::now() + 1s);
  return 0;
}

// --- the client

std::atomic<int> failures = 0;

void complain(const std::string& what) {
  if (failures++ < 10) std::cerr << "peer: " << what << "\n";
}

void check(bool good, const std::string& what) {
  if (!good) complain(what);
}

void check(const Status& status, StatusCode wanted, const std::string& what) {
  if (status.error_code() == wanted) return;
  complain(what + ": status " + std::to_string(status.error_code()) + " " + status.error_message() +
           ", wanted " + std::to_string(wanted));
}

struct Caller {
  std::unique_ptr<Echo::Stub> stub;
  std::uint64_t count;
  std::string payload;

  [[nodiscard]] Message message(std::uint64_t number) const {
    Message out;
    out.set_number(number);
    out.set_payload(payload);
    return out;
  }
};

/// A deadline for all that must end: nothing here waits for ever.
void bound(grpc::ClientContext& context, std::chrono::seconds limit = 300s) {
  context.set_deadline(std::chrono::system_clock::now() + limit);
}

/// `count` calls, 50 at a time.
void unary(Caller& caller) {
  std::atomic<std::uint64_t> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t number = next++; number < caller.count; number = next++) {
        grpc::ClientContext context;
        bound(context);
        Message reply;
        const auto status = caller.stub->Unary(&context, caller.message(number), &reply);
        check(status, StatusCode::OK, "unary");
        check(reply.number() == number && reply.payload() == caller.payload,
              "unary: another message came back");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void metadata(Caller& caller) {
  grpc::ClientContext context;
  bound(context);
  const std::string bytes("\0\x01\xff,", 4);
  context.AddMetadata("x-text", "some text");
  context.AddMetadata("x-raw-bin", bytes);
  Message reply;
  check(caller.stub->Unary(&context, caller.message(7), &reply), StatusCode::OK, "metadata");
  const auto has = [](const auto& fields, const std::string& name, const std::string& value) {
    const auto found = fields.find(name);
    return found != fields.end() && std::string(found->second.data(), found->second.size()) == value;
  };
  check(has(context.GetServerInitialMetadata(), "head-x-text", "some text"), "metadata: text of the head");
  check(has(context.GetServerInitialMetadata(), "head-x-raw-bin", bytes), "metadata: bytes of the head");
  check(has(context.GetServerTrailingMetadata(), "tail-x-text", "some text"),
        "metadata: text of the trailers");
  check(has(context.GetServerTrailingMetadata(), "tail-x-raw-bin", bytes), "metadata: bytes of the trailers");
}

/// Writes and reads on one stream, both at once, and closes its half.
void chat_on(Caller& caller) {
  grpc::ClientContext context;
  bound(context);
  const auto stream = caller.stub->Chat(&context);
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < caller.count; ++i) {
      if (!stream->Write(caller.message(i))) return complain("chat: a write failed");
    }
    stream->WritesDone();
  });
  Message message;
  std::uint64_t seen = 0;
  while (stream->Read(&message)) {
    check(message.number() == seen++ && message.payload() == caller.payload, "chat: lost or reordered");
  }
  writer.join();
  check(stream->Finish(), StatusCode::OK, "chat");
  check(seen == caller.count, "chat: " + std::to_string(seen) + " messages came back");
  check(context.GetServerTrailingMetadata().contains("x-end"), "chat: no trailers");
}

/// A message is answered before the next is sent: nothing may be held back.
void ping(Caller& caller) {
  grpc::ClientContext context;
  bound(context);
  const auto stream = caller.stub->Chat(&context);
  Message message;
  for (std::uint64_t i = 0; i < caller.count; ++i) {
    check(stream->Write(caller.message(i)) && stream->Read(&message) && message.number() == i, "ping");
    if (failures != 0) break;
  }
  stream->WritesDone();
  check(stream->Finish(), StatusCode::OK, "ping");
}

void chats(Caller& caller) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { chat_on(caller); });
  for (auto& thread : threads) thread.join();
}

void download(Caller& caller) {
  grpc::ClientContext context;
  bound(context);
  const auto reader = caller.stub->Download(&context, caller.message(caller.count));
  Message message;
  std::uint64_t seen = 0;
  while (reader->Read(&message)) check(message.number() == seen++, "download: lost or reordered");
  check(reader->Finish(), StatusCode::OK, "download");
  check(seen == caller.count, "download: " + std::to_string(seen) + " messages came");
}

void upload(Caller& caller) {
  grpc::ClientContext context;
  bound(context);
  Message reply;
  const auto writer = caller.stub->Upload(&context, &reply);
  for (std::uint64_t i = 0; i < caller.count; ++i) {
    if (!writer->Write(caller.message(i))) break;
  }
  writer->WritesDone();
  check(writer->Finish(), StatusCode::OK, "upload");
  check(reply.number() == caller.count, "upload: " + std::to_string(reply.number()) + " messages came");
}

/// Ends that are no success: in a response without a message, and after some.
void ends(Caller& caller) {
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    bound(context, 10s);
    Message reply;
    const auto status = caller.stub->Refuse(&context, caller.message(0), &reply);
    check(status, StatusCode::ABORTED, "refuse");
    check(status.error_message() == "refused: ünd só fort", "refuse: its text is " + status.error_message());
  }
  grpc::ClientContext context;
  bound(context, 10s);
  const auto reader = caller.stub->Break(&context, caller.message(3));
  Message message;
  int seen = 0;
  while (reader->Read(&message)) ++seen;
  check(reader->Finish(), StatusCode::ABORTED, "break");
  check(seen == 3, "break: not all messages before it came");
}

std::uint64_t cancelled(Caller& caller) {
  grpc::ClientContext context;
  bound(context, 10s);
  Message reply;
  check(caller.stub->Cancelled(&context, {}, &reply), StatusCode::OK, "cancelled");
  return reply.number();
}

/// Whoever gives up takes the server's call along, wherever it is.
void cancel(Caller& caller) {
  std::uint64_t wanted = cancelled(caller);
  const auto heard = [&](const char* what) {
    ++wanted;
    for (int i = 0; i < 500 && failures == 0; ++i) {
      if (cancelled(caller) >= wanted) return;
      std::this_thread::sleep_for(20ms);
    }
    complain(std::string("the server has not heard of ") + what);
  };
  {  // before the head of the response
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 1s);
    Message reply;
    check(caller.stub->Wait(&context, {}, &reply), StatusCode::DEADLINE_EXCEEDED, "a deadline");
  }
  heard("a deadline");
  {
    grpc::ClientContext context;
    bound(context, 10s);
    std::thread later([&] {
      std::this_thread::sleep_for(1s);
      context.TryCancel();
    });
    Message reply;
    check(caller.stub->Wait(&context, {}, &reply), StatusCode::CANCELLED, "a cancelled call");
    later.join();
  }
  heard("a cancelled call");
  {  // between messages
    grpc::ClientContext context;
    bound(context, 10s);
    context.AddMetadata(kCancels, "yes");
    const auto stream = caller.stub->Chat(&context);
    Message message;
    for (std::uint64_t i = 0; i < 10; ++i)
      check(stream->Write(caller.message(i)) && stream->Read(&message), "cancel");
    context.TryCancel();
    check(stream->Finish(), StatusCode::CANCELLED, "a cancelled stream");
  }
  heard("a cancelled stream");
  {  // while the server has more than anybody reads
    grpc::ClientContext context;
    bound(context, 10s);
    Message large = caller.message(1'000'000);
    large.set_payload(std::string(10'000, 'x'));
    const auto reader = caller.stub->Download(&context, large);
    Message message;
    check(reader->Read(&message), "cancel: download");
    std::this_thread::sleep_for(200ms);
    context.TryCancel();
    while (reader->Read(&message)) {
    }
    check(reader->Finish(), StatusCode::CANCELLED, "a cancelled download");
  }
  heard("a cancelled download");
}

int call(const std::vector<std::string>& words) {
  grpc::ChannelArguments arguments;
  if (!words[1].empty()) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, words[1]);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  auto credentials = grpc::InsecureChannelCredentials();
  if (const std::string certificate = file_of("PEER_CERTIFICATE"); !certificate.empty())
    credentials = grpc::SslCredentials({.pem_root_certs = certificate});
  const auto channel = grpc::CreateCustomChannel(words[0], credentials, arguments);
  Caller caller{.stub = Echo::NewStub(channel),
                .count = words.size() > 3 ? std::stoull(words[3]) : 100,
                .payload = std::string(words.size() > 4 ? std::stoull(words[4]) : 100, 'x')};
  const std::map<std::string, void (*)(Caller&)> scenarios{
      {"unary", unary},       {"metadata", metadata}, {"chat", chat_on}, {"chats", chats},   {"ping", ping},
      {"download", download}, {"upload", upload},     {"ends", ends},    {"cancel", cancel},
  };
  const auto found = scenarios.find(words[2]);
  if (found == scenarios.end()) return 2;
  found->second(caller);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + std::min(count, 2), arguments + count);
  const std::string_view command = count > 1 ? arguments[1] : "";
  if (command == "serve") return serve();
  if (command == "call" && words.size() >= 3) return call(words);
  std::cerr << "usage: peer serve | peer call TARGET AUTHORITY SCENARIO [COUNT] [SIZE]\n";
  return 2;
}
