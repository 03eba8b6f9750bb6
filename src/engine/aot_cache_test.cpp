#include "engine/aot_cache.hpp"

#include "engine/checksum.hpp"
#include "engine/testing.hpp"

#include <sys/stat.h>

#include <thread>

namespace wisp::engine {
namespace {

using testing::must;
namespace fs = std::filesystem;

std::vector<std::byte> text(std::string_view content) {
  const auto bytes = std::as_bytes(std::span(content));
  return {bytes.begin(), bytes.end()};
}

class AotCacheTest : public ::testing::Test {
 protected:
  AotCacheTest() {
    std::string name = (fs::temp_directory_path() / "wisp-aot-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~AotCacheTest() override { fs::remove_all(root_); }

  AotCache open(std::uint64_t max_bytes = 1 << 20) {
    return must(AotCache::open(*engine_, {.folder = root_ / "aot", .max_bytes = max_bytes}));
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root_ / "aot"), fs::directory_iterator()));
  }

  std::shared_ptr<Engine> engine_ = must(Engine::create(testing::small_pool()));
  fs::path root_;
};

TEST_F(AotCacheTest, FindsWhatWasPut) {
  const AotCache cache = open();
  const auto key = cache.key(text("source"), "module");
  EXPECT_FALSE(cache.find(key));
  must(cache.put(key, text("artifact")));
  const auto entry = cache.find(key);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(std::ranges::equal(entry->bytes(), text("artifact")));
  EXPECT_EQ(fs::status(root_ / "aot").permissions(), fs::perms::owner_all);

  must(cache.put(key, text("another")));
  EXPECT_TRUE(std::ranges::equal(entry->bytes(), text("artifact")))
      << "an entry that is held does not change";
  EXPECT_TRUE(std::ranges::equal(open().find(key)->bytes(), text("another")));
}

TEST_F(AotCacheTest, KeysTellContentPurposeAndEngineApart) {
  const AotCache cache = open();
  auto options = testing::small_pool();
  options.max_memory_bytes = 8ull << 30;
  options.max_memories = 20;
  const auto other_engine = must(Engine::create(options));
  const AotCache other = must(AotCache::open(*other_engine, {.folder = root_ / "aot"}));
  const std::set<std::string> keys = {cache.key(text("a"), "module"), cache.key(text("b"), "module"),
                                      cache.key(text("a"), "component"), cache.key(text("ea"), "modul"),
                                      other.key(text("a"), "module")};
  EXPECT_EQ(keys.size(), 5u);
  EXPECT_EQ(cache.key(text("a"), "module"), open().key(text("a"), "module"));
}

TEST_F(AotCacheTest, IgnoresWhatIsNotSound) {
  const AotCache cache = open();
  const std::string content(10'000, 'x');
  const auto key = cache.key(text("source"), "module");
  const auto elsewhere = cache.key(text("elsewhere"), "module");
  const fs::path path = root_ / "aot" / key;
  const auto overwrite = [&](std::streamoff at, std::string_view bytes) {
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(at)
        .write(bytes.data(), std::ssize(bytes));
  };
  struct Row {
    const char* name;
    std::function<void()> damage;
  };
  const std::vector<Row> rows = {
      {"first byte", [&] { overwrite(0, "y"); }},
      {"a byte in the middle", [&] { overwrite(5'000, "y"); }},
      {"last byte of the artifact", [&] { overwrite(9'999, "y"); }},
      {"a zeroed page", [&] { overwrite(4'096, std::string(4'096, '\0')); }},
      {"magic", [&] { overwrite(10'000, "V"); }},
      {"size", [&] { overwrite(10'008, "\1"); }},
      {"truncated by a byte", [&] { fs::resize_file(path, fs::file_size(path) - 1); }},
      {"truncated to nothing", [&] { fs::resize_file(path, 0); }},
      {"shorter than a trailer", [&] { fs::resize_file(path, 20); }},
      {"longer", [&] { fs::resize_file(path, fs::file_size(path) + 1); }},
      {"of another key", [&] { fs::rename(root_ / "aot" / elsewhere, path); }},
      {"a folder", [&] { fs::remove(path), fs::create_directory(path); }},
  };
  for (const Row& row : rows) {
    must(cache.put(key, text(content)));
    must(cache.put(elsewhere, text(content)));
    ASSERT_TRUE(cache.find(key)) << row.name;
    row.damage();
    EXPECT_FALSE(cache.find(key)) << row.name;
    fs::remove_all(path);
  }
  EXPECT_FALSE(cache.find("../secret"));
  EXPECT_FALSE(cache.put("../secret", text("x")));
}

TEST_F(AotCacheTest, EvictsWhatWasUsedLongestAgo) {
  const AotCache cache = open(3'500);
  const std::string content(1'000, 'x');
  std::vector<std::string> keys;
  for (const char* source : {"a", "b", "c"}) {
    keys.push_back(cache.key(text(source), "module"));
    must(cache.put(keys.back(), text(content)));
    const auto age = std::chrono::hours(10 - static_cast<int>(keys.size()));
    fs::last_write_time(root_ / "aot" / keys.back(), fs::file_time_type::clock::now() - age);
  }
  EXPECT_TRUE(cache.find(keys[0])) << "the oldest, but used now";
  must(cache.put(cache.key(text("d"), "module"), text(content)));
  EXPECT_TRUE(cache.find(keys[0]));
  EXPECT_FALSE(cache.find(keys[1]));
  EXPECT_TRUE(cache.find(keys[2]));

  EXPECT_FALSE(cache.put(keys[1], text(std::string(4'000, 'x')))) << "larger than the whole cache";
  EXPECT_EQ(files(), 3u);
}

TEST_F(AotCacheTest, RemovesLeftOvers) {
  const AotCache cache = open();
  const fs::path stale = root_ / "aot/.new-1-1";
  const fs::path fresh = root_ / "aot/.new-1-2";
  std::ofstream(stale) << "half";
  std::ofstream(fresh) << "half";
  fs::last_write_time(stale, fs::file_time_type::clock::now() - std::chrono::hours(2));
  must(cache.put(cache.key(text("a"), "module"), text("x")));
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(fresh)) << "somebody may be writing it";
}

TEST_F(AotCacheTest, ReportsThatItCannotWrite) {
  const AotCache cache = open();
  fs::remove_all(root_ / "aot");
  const auto result = cache.put(cache.key(text("a"), "module"), text("x"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::cache);
}

TEST_F(AotCacheTest, RefusesAFolderThatIsNotTheUsersAlone) {
  struct Row {
    const char* name;
    std::function<void(const fs::path&)> make;
    bool accepted;
  };
  const std::vector<Row> rows = {
      {"private", [](const fs::path& p) { fs::create_directory(p), chmod(p.c_str(), 0700); }, true},
      {"readable", [](const fs::path& p) { fs::create_directory(p), chmod(p.c_str(), 0755); }, true},
      {"group-writable", [](const fs::path& p) { fs::create_directory(p), chmod(p.c_str(), 0770); }, false},
      {"world-writable", [](const fs::path& p) { fs::create_directory(p), chmod(p.c_str(), 0777); }, false},
      {"a link", [this](const fs::path& p) { fs::create_directory_symlink(root_, p); }, false},
      {"a file", [](const fs::path& p) { std::ofstream(p) << "x"; }, false},
      {"another user's",
       [](const fs::path& p) {
         fs::create_directory(p);
         // Only root can give a folder away; elsewhere the row tests a folder of mode 0777.
         if (chown(p.c_str(), 65'534, 65'534) != 0) chmod(p.c_str(), 0777);
       },
       false},
  };
  for (const Row& row : rows) {
    const fs::path folder = root_ / row.name;
    row.make(folder);
    const auto cache = AotCache::open(*engine_, {.folder = folder});
    EXPECT_EQ(cache.has_value(), row.accepted) << row.name;
    if (!cache) EXPECT_EQ(cache.error().code(), Errc::cache) << row.name;
  }
}

TEST_F(AotCacheTest, ManyWritersAndReaders) {
  const AotCache cache = open(200'000);
  const auto work = [&](int seed) {
    for (int i = 0; i < 200; ++i) {
      const auto source = text(fmt::format("{}", (i * 7 + seed) % 20));
      const auto key = cache.key(source, "module");
      if (const auto entry = cache.find(key)) {
        EXPECT_EQ(entry->bytes().size(), 20'000u);
        EXPECT_EQ(entry->bytes().front(), source.front());
      } else {
        must(cache.put(key, std::vector(20'000, source.front())));
      }
    }
  };
  std::thread one(work, 0);
  std::thread two(work, 3);
  one.join();
  two.join();
}

TEST_F(AotCacheTest, ModulesComeBackFromIt) {
  const AotCache cache = open();
  const auto source = testing::wasm("stacks");
  for (int start = 0; start < 2; ++start) {
    const auto module = must(load_or_compile(*engine_, &cache, cache.key(source, "module"), source));
    testing::Guest guest(*engine_, *module);
    EXPECT_TRUE(returned(guest.call("hold", 42), 42));
  }
  EXPECT_EQ(files(), 1u);

  // A sound entry whose content is not the engine's: compiled again.
  must(cache.put(cache.key(source, "module"), text("nonsense")));
  EXPECT_TRUE(load_or_compile(*engine_, &cache, cache.key(source, "module"), source));
  const auto entry = cache.find(cache.key(source, "module"));
  ASSERT_TRUE(entry);
  EXPECT_TRUE(Module::load(*engine_, entry->path()));
  EXPECT_TRUE(Module::load(*engine_, entry->bytes()));
  EXPECT_TRUE(load_or_compile(*engine_, nullptr, {}, source));
}

TEST(Checksum, SeesEachChangedBitAndEachLength) {
  std::vector<std::byte> bytes(200);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  std::set<std::uint64_t> sums;
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    sums.insert(checksum(std::span(bytes).first(size)));
  EXPECT_EQ(sums.size(), bytes.size() + 1);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_TRUE(sums.insert(checksum(bytes)).second) << bit;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
  const std::vector<std::byte> zeros(1'000);
  EXPECT_NE(checksum(std::span(zeros).first(640)), checksum(std::span(zeros).first(641)));
}

}  // namespace
}  // namespace wisp::engine
