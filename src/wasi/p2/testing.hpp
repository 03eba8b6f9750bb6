#pragma once

// For the end-to-end tests of this folder: the guests of build/guests on a shard, as `wisp run` has them.
#include "component/link/testing.hpp"
#include "wasi/context.hpp"
#include "wasi/io/memory_stream.hpp"
#include "wasi/p2/p2.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace wisp::wasi::p2::testing {

namespace fs = std::filesystem;
using component::testing::Host;
using Given = wasi::Setup;  // in a fixture the plain name is a trap of GoogleTest's

inline Bytes bytes(std::string_view from) {
  const auto view = std::as_bytes(std::span(from));
  return {view.begin(), view.end()};
}

struct Outcome {
  int status = -1;  // of the guest; -1: trapped or failed
  std::string out;
  std::string err;
  std::string error;
};

// One guest under way.
struct Process {
  std::unique_ptr<component::GuestRun> run;
  std::unique_ptr<component::Tree> tree;
  Outcome outcome;
};

class Guests : public ::testing::Test {
 protected:
  Guests() {
    add_to(host.linker, {});
    std::string pattern = (fs::temp_directory_path() / "wisp-guest-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  ~Guests() override { fs::remove_all(folder); }

  std::shared_ptr<const component::Linked> linked(const std::string& name) {
    auto& one = linked_[name];
    if (!one) one = host.link(host.guest(name));
    return one;
  }

  std::unique_ptr<Process> start(const std::string& name, std::vector<std::string> arguments,
                                 Given setup = {}) {
    auto process = std::make_unique<Process>();
    auto* p = process.get();
    arguments.insert(arguments.begin(), name);
    setup.arguments = std::move(arguments);
    const auto into = [](std::string& text) {
      return capture([&text](ByteView piece) {
        text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
    };
    setup.output.make = into(p->outcome.out);
    setup.errors.make = into(p->outcome.err);
    auto context =
        std::make_shared<Context>(std::make_shared<const Given>(std::move(setup)), host.shard.loop());
    const auto component = linked(name);
    p->run = std::make_unique<component::GuestRun>(host.shard);
    EXPECT_TRUE(p->run->start([p, component, context] { enter(*p, component, context); }));
    return process;
  }

  Outcome finish(const std::unique_ptr<Process>& process) {
    while (!process->run->done()) turn();
    return process->outcome;
  }

  Outcome run(const std::string& name, std::vector<std::string> arguments, Given setup = {}) {
    return finish(start(name, std::move(arguments), std::move(setup)));
  }

  void turn() {
    host.shard.loop().restart();
    host.shard.loop().run_one();
  }

  [[nodiscard]] Given with_folder(TreeAccess access) const {
    Given setup;
    auto directory =
        Descriptor::preopen(std::make_shared<FileSystem>(FileSystem::make()), folder.string(), access);
    setup.preopens.push_back({directory.value(), "/data"});
    return setup;
  }

  [[nodiscard]] static Given with_network(std::vector<std::string> hosts, bool listen) {
    Given setup;
    auto rules = std::make_shared<NetworkRules>();
    rules->egress = EgressPolicy::parse(hosts).value();
    rules->listen = listen;
    setup.network = rules;
    return setup;
  }

  Host host;
  fs::path folder;

 private:
  static void enter(Process& p, const std::shared_ptr<const component::Linked>& component,
                    const std::shared_ptr<Context>& context) {
    auto tree = component::Tree::instantiate(component, *p.run, {}, context);
    if (!tree) return settle(p, tree.error());
    p.tree = std::move(*tree);
    const auto* lift = component::find_export(*component, "wasi:cli/run@0.2.0", "run");
    if (lift == nullptr) return settle(p, Error(Errc::export_missing, "no run"));
    auto result = component::invoke(*p.tree, *p.run, *lift, {});
    if (!result) return settle(p, result.error());
    p.outcome.status = static_cast<int>(std::get<component::Value::Case>((*result)->data).index);
  }
  static void settle(Process& p, const Error& error) {
    if (error.code() == Errc::guest_exit) {
      p.outcome.status = error.exit_status();
    } else {
      p.outcome.error = error.message();
    }
  }

  std::map<std::string, std::shared_ptr<const component::Linked>> linked_;
};

}  // namespace wisp::wasi::p2::testing
