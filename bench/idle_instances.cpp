// How much memory idle instances take: instantiates COUNT trees of a guest on one shard and prints the
// resident size.
//   build/release/bench/wisp_idle_instances [COUNT] [GUEST.wasm]     from the project's root
// Exit status 1 beyond 1 GiB for 10,000 (104,858 bytes an instance).
#include "component/link/testing.hpp"

#include <fmt/format.h>

#include <fstream>

namespace {

using namespace wisp;
using namespace wisp::component;
using component::testing::must;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint32_t count = argc > 1 ? static_cast<std::uint32_t>(std::stoul(argv[1])) : 10'000;
  const std::string path = argc > 2 ? argv[2] : "build/guests/micro.wasm";
  const auto engine = must(engine::Engine::create({}));
  Shard shard(engine);
  const HostLinker linker;
  const auto linked =
      must(link(must(Component::load(*engine, component::testing::read_file(path), {})), linker));
  const auto before = resident_bytes();
  std::vector<std::unique_ptr<Tree>> trees;
  trees.reserve(count);
  std::string refused;
  GuestRun run(shard);
  must(run.start([&] {
    const TreeLimits limits;
    for (std::uint32_t i = 0; i < count && refused.empty(); ++i) {
      auto tree = Tree::instantiate(linked, run, limits, nullptr);
      if (tree) {
        trees.push_back(*std::move(tree));
      } else {
        refused = tree.error().message();
      }
    }
  }));
  const auto all = resident_bytes();
  fmt::print(
      "{} of {} instances of {}: {:.1f} MiB resident, {:.1f} KiB each\n", trees.size(), count, path,
      static_cast<double>(all) / 1048576.0,
      static_cast<double>(all - before) / 1024.0 / std::max<double>(1, static_cast<double>(trees.size())));
  if (!refused.empty()) fmt::print("refused: {}\n", refused);
  const bool fits = trees.size() == count && all <= (std::uint64_t{count} << 30) / 10'000;
  return fits ? 0 : 1;
}
