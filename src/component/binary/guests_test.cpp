#include "component/binary/decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace wisp::component {
namespace {

std::vector<std::filesystem::path> guests() {
  std::vector<std::filesystem::path> found;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator("build/guests", missing))
    if (entry.path().extension() == ".wasm") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::vector<std::byte> contents(const std::filesystem::path& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

TEST(GuestBinaries, DecodeAndCutOffAnywhereAreRefusedOrShorter) {
  const auto paths = guests();
  if (paths.empty()) GTEST_SKIP() << "no guests are built";
  for (const auto& path : paths) {
    const auto whole = contents(path);
    if (sniff(whole) != BinaryKind::component) continue;
    const auto decoded = decode(whole);
    ASSERT_TRUE(decoded) << path << ": " << decoded.error().message();
    EXPECT_FALSE(decoded->definitions.empty()) << path;

    // Every byte of a small guest, a few thousand places of a larger one, a thousand of a large one.
    const std::size_t step =
        whole.size() < 40'000 ? std::max<std::size_t>(whole.size() / 4'000, 1) : whole.size() / 1'000;
    for (std::size_t size = 0; size < whole.size(); size += step) {
      const auto part = decode(std::span(whole).first(size));
      if (part)
        ASSERT_LE(part->definitions.size(), decoded->definitions.size()) << path << " cut at " << size;
    }
  }
}

}  // namespace
}  // namespace wisp::component
