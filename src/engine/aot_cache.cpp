#include "engine/aot_cache.hpp"

#include "engine/checksum.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace wisp::engine {
namespace {

constexpr std::size_t kKeySize = 64;  // SHA-256 as hex
constexpr std::string_view kTemporary = ".new-";
constexpr std::time_t kStale = 3600;  // seconds until another process's temporary file counts as left over
constexpr std::time_t kUseGranule = 600;  // seconds between two notes that an entry was used

/// Ends an entry's file.
struct Trailer {
  std::array<char, 8> magic;
  std::uint64_t artifact_size;
  std::uint64_t sum;
  std::array<char, kKeySize> key;
};
constexpr std::array<char, 8> kMagic = {'W', 'I', 'S', 'P', 'A', 'O', 'T', '1'};

bool is_key(std::string_view text) {
  return text.size() == kKeySize && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::filesystem::path default_folder() {
  if (const char* cache = std::getenv("WISP_CACHE"); cache && *cache)
    return std::filesystem::path(cache) / "aot";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::filesystem::path(home) / ".cache/wisp/aot";
  return {};
}

Unexpected system_failure(std::string_view what) {
  return fail(Errc::cache, "{}: {}", what, std::strerror(errno));
}

/// A file that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// Differs between the threads and processes that use a folder, and from one call to the next.
std::string temporary_name() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return fmt::format("{}{}-{}-{}", kTemporary, getpid(), gettid(), now);
}

/// The artifact's size if `file` ends with a sound trailer for `key`.
std::optional<std::size_t> sound_size(std::span<const std::byte> file, std::string_view key) {
  if (file.size() < sizeof(Trailer)) return std::nullopt;
  Trailer trailer;
  const auto artifact = file.first(file.size() - sizeof(Trailer));
  std::memcpy(&trailer, file.data() + artifact.size(), sizeof(Trailer));
  const bool sound = trailer.magic == kMagic && trailer.artifact_size == artifact.size() &&
                     std::string_view(trailer.key.data(), kKeySize) == key &&
                     trailer.sum == checksum(artifact);
  return sound ? std::optional(artifact.size()) : std::nullopt;
}

}  // namespace

Result<AotCache> AotCache::open(const Engine& engine, Options options) {
  const auto folder = options.folder.empty() ? default_folder() : options.folder;
  if (folder.empty()) return fail(Errc::cache, "neither WISP_CACHE nor HOME says where the cache folder is");
  std::error_code ignored;  // what matters is whether the folder can be opened
  std::filesystem::create_directories(folder.parent_path(), ignored);
  mkdir(folder.c_str(), 0700);

  File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return system_failure(folder.string());
  struct stat status{};
  if (fstat(opened.get(), &status) != 0) return system_failure(folder.string());
  if (status.st_uid != geteuid()) {
    return fail(Errc::cache, "{} belongs to user {}, not to {}", folder.string(), status.st_uid, geteuid());
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return std::unexpected(Error(Errc::cache, fmt::format("{} can be written by others (mode {:o})",
                                                          folder.string(), status.st_mode & 07777))
                               .with("try", fmt::format("chmod 700 {}", folder.string())));
  }
  return AotCache(engine.compatibility(), options.max_bytes, opened.release());
}

AotCache::AotCache(std::string compatibility, std::uint64_t max_bytes, int folder)
    : compatibility_(std::move(compatibility)), max_bytes_(max_bytes), folder_(folder) {}

AotCache::AotCache(AotCache&& other) noexcept
    : compatibility_(std::move(other.compatibility_)),
      max_bytes_(other.max_bytes_),
      folder_(std::exchange(other.folder_, -1)) {}

AotCache& AotCache::operator=(AotCache&& other) noexcept {
  std::swap(compatibility_, other.compatibility_);
  std::swap(max_bytes_, other.max_bytes_);
  std::swap(folder_, other.folder_);
  return *this;
}

AotCache::~AotCache() {
  if (folder_ >= 0) close(folder_);
}

std::string AotCache::key(std::span<const std::byte> content, std::string_view purpose) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  // Lengths in front keep (purpose, content) pairs apart that run together to the same bytes.
  const auto add = [&](const void* data, std::uint64_t size) {
    EVP_DigestUpdate(context.get(), &size, sizeof(size));
    EVP_DigestUpdate(context.get(), data, size);
  };
  add(compatibility_.data(), compatibility_.size());
  add(purpose.data(), purpose.size());
  add(content.data(), content.size());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return fmt::format("{:02x}", fmt::join(std::span(digest).first(size), ""));
}

std::optional<AotCache::Entry> AotCache::find(const std::string& key) const {
  if (!is_key(key)) return std::nullopt;
  File file(openat(folder_, key.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0)
    return std::nullopt;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) return std::nullopt;

  const std::span mapping(static_cast<const std::byte*>(memory), size);
  const auto artifact = sound_size(mapping, key);
  if (!artifact) {
    munmap(memory, size);
    return std::nullopt;
  }
  // The time of modification says when an entry was last used; noted rarely, because it is a write.
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec - status.st_mtim.tv_sec > kUseGranule) futimens(file.get(), nullptr);
  return Entry(file.release(), mapping, *artifact);
}

Result<> AotCache::put(const std::string& key, std::span<const std::byte> artifact) const {
  if (!is_key(key)) return fail(Errc::internal, "not a cache key: {}", key);
  if (artifact.size() + sizeof(Trailer) > max_bytes_) {
    return fail(Errc::cache, "an artifact of {} bytes exceeds the cache's bound of {}", artifact.size(),
                max_bytes_);
  }
  Trailer trailer{.magic = kMagic, .artifact_size = artifact.size(), .sum = checksum(artifact), .key = {}};
  std::ranges::copy(key, trailer.key.begin());

  const std::string temporary = temporary_name();
  File file(openat(folder_, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_failure("a cache entry cannot be created");
  const bool written =
      write_all(file.get(), artifact) && write_all(file.get(), std::as_bytes(std::span(&trailer, 1))) &&
      fsync(file.get()) == 0 && renameat(folder_, temporary.c_str(), folder_, key.c_str()) == 0;
  if (!written) {
    auto failure = system_failure("a cache entry cannot be written");
    unlinkat(folder_, temporary.c_str(), 0);
    return failure;
  }
  evict();
  return {};
}

void AotCache::evict() const {
  struct Item {
    std::string name;
    timespec used;
    std::uint64_t size;
  };
  // A descriptor of its own: the position of a directory stream is shared between duplicates.
  const int listing = openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(listing), closedir);
  if (!stream) {
    close(listing);
    return;
  }
  std::vector<Item> items;
  std::uint64_t total = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    struct stat status{};
    if (fstatat(folder_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
      continue;
    if (is_key(name)) {
      items.push_back({std::string(name), status.st_mtim, static_cast<std::uint64_t>(status.st_size)});
      total += items.back().size;
    } else if (name.starts_with(kTemporary) && now.tv_sec - status.st_mtim.tv_sec > kStale) {
      unlinkat(folder_, entry->d_name, 0);
    }
  }
  std::ranges::sort(items, {},
                    [](const Item& item) { return std::pair(item.used.tv_sec, item.used.tv_nsec); });
  for (const Item& item : items) {
    if (total <= max_bytes_) return;
    unlinkat(folder_, item.name.c_str(), 0);
    total -= item.size;
  }
}

AotCache::Entry::Entry(Entry&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      mapping_(std::exchange(other.mapping_, {})),
      artifact_(std::exchange(other.artifact_, {})) {}

AotCache::Entry& AotCache::Entry::operator=(Entry&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(mapping_, other.mapping_);
  std::swap(artifact_, other.artifact_);
  return *this;
}

AotCache::Entry::~Entry() {
  if (file_ < 0) return;
  munmap(const_cast<std::byte*>(mapping_.data()), mapping_.size());
  close(file_);
}

std::filesystem::path AotCache::Entry::path() const { return fmt::format("/proc/self/fd/{}", file_); }

Result<std::shared_ptr<const Module>> load_or_compile(const Engine& engine, const AotCache* cache,
                                                      const std::string& key,
                                                      std::span<const std::byte> wasm) {
  if (!cache) return Module::compile(engine, wasm);
  if (const auto entry = cache->find(key)) {
    if (auto module = Module::load(engine, entry->path())) return module;
  }
  auto module = TRY(Module::compile(engine, wasm));
  if (auto artifact = module->serialize()) {
    // A full disk costs the next start its time, nothing else.
    [[maybe_unused]] const auto stored = cache->put(key, *artifact);
  }
  return module;
}

}  // namespace wisp::engine
