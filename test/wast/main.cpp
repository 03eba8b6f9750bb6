#include "component_host.hpp"
#include "runner.hpp"

#include <boost/json/serialize.hpp>

#include <cstdio>
#include <fstream>

namespace wisp::wast {
namespace {

/// What the official suite's README names.
constexpr engine::Features kSuite =
    WISP_FEATURE_MORE_ASYNC | WISP_FEATURE_STACKFUL | WISP_FEATURE_THREADING | WISP_FEATURE_FIXED_LISTS;

boost::json::object report(const Script& script, const std::vector<Outcome>& outcomes) {
  boost::json::array failed;
  for (const auto& outcome : outcomes)
    if (!outcome.failure.empty())
      failed.push_back({{"line", outcome.line}, {"command", outcome.command}, {"reason", outcome.failure}});
  const auto passed = outcomes.size() - failed.size();
  return {
      {"file", script.source}, {"run", outcomes.size()}, {"passed", passed}, {"failed", std::move(failed)}};
}

void print(const Script& script, const std::vector<Outcome>& outcomes) {
  std::size_t failed = 0;
  for (const auto& outcome : outcomes) failed += outcome.failure.empty() ? 0 : 1;
  fmt::print("{}: {} run, {} passed, {} failed\n", script.source, outcomes.size(), outcomes.size() - failed,
             failed);
  for (const auto& outcome : outcomes)
    if (!outcome.failure.empty())
      fmt::print("  line {}: {}: {}\n", outcome.line, outcome.command, outcome.failure);
}

Result<bool> run_all(std::span<const std::string_view> paths, Wording wording, boost::json::array& reports) {
  const engine::Features features = wording == Wording::ours ? kSuite | WISP_FEATURE_ERROR_CONTEXT : kSuite;
  auto host = TRY(ComponentHost::create({.features = features}));
  bool all_passed = true;
  for (const auto path : paths) {
    const auto script = TRY(read_script(path));
    const auto outcomes = Runner(*host, wording).run(script);
    print(script, outcomes);
    for (const auto& outcome : outcomes) all_passed = all_passed && outcome.failure.empty();
    reports.push_back(report(script, outcomes));
  }
  return all_passed;
}

int main(std::span<char*> arguments) {
  std::vector<std::string_view> paths(arguments.begin() + 1, arguments.end());
  std::string json_path;
  if (paths.size() >= 2 && paths[0] == "--json") {
    json_path = paths[1];
    paths.erase(paths.begin(), paths.begin() + 2);
  }
  Wording wording = Wording::theirs;
  if (!paths.empty() && paths[0] == "--our-words") {
    wording = Wording::ours;
    paths.erase(paths.begin());
  }
  if (paths.empty()) {
    fmt::print(stderr, "usage: wisp_wast [--json OUT] [--our-words] SCRIPT.json...\n");
    return 2;
  }
  boost::json::array reports;
  const auto all_passed = run_all(paths, wording, reports);
  if (!all_passed) {
    fmt::print(stderr, "{}\n", all_passed.error().message());
    return 2;
  }
  if (!json_path.empty()) std::ofstream(json_path) << boost::json::serialize(reports) << '\n';
  return *all_passed ? 0 : 1;
}

}  // namespace
}  // namespace wisp::wast

/// wisp_wast [--json OUT] SCRIPT.json...: runs scripts; 0 if all commands passed, 1 if one failed, 2 if a
/// script is not readable.
int main(int argc, char** argv) { return wisp::wast::main({argv, static_cast<std::size_t>(argc)}); }
