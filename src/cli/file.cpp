#include "cli/file.hpp"

#include "component/binary/utf8.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace wisp::cli {
namespace {

std::string reason(int number) { return std::generic_category().message(number); }

/// A descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

Unexpected unreadable(std::string message, std::string advice) {
  return std::unexpected(Error(Errc::file_unreadable, std::move(message)).with("try", std::move(advice)));
}

Unexpected cannot_open(const std::string& path, int number) {
  if (number == ENOENT) return unreadable(fmt::format("{} does not exist", path), "check the path");
  return unreadable(fmt::format("{} cannot be read: {}", path, reason(number)),
                    "check its permissions and the path");
}

Result<> write_all(int descriptor, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Errc::system, "{} cannot be written: {}", path, reason(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path) {
  if (path.empty())
    return std::unexpected(Error(Errc::usage, "the name of a file is empty")
                               .with("try", "give the path of a component, usually NAME.wasm"));
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return cannot_open(path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return cannot_open(path, errno);
  if (S_ISDIR(status.st_mode))
    return unreadable(fmt::format("{} is a directory", path),
                      "give the path of a component, usually NAME.wasm");

  // One byte more than the size tells the end of a regular file in one read.
  std::vector<std::byte> bytes(
      std::min(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)) + 1, kMaxFileBytes + 1));
  std::size_t size = 0;
  while (true) {
    const auto got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_open(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > kMaxFileBytes)
      return fail(Errc::component_too_large, "{} has more than {} bytes", path, kMaxFileBytes);
    if (size == bytes.size())
      bytes.resize(std::min(std::max<std::size_t>(2 * size, 65'536), kMaxFileBytes + 1));
  }
  bytes.resize(size);
  if (size == 0)
    return unreadable(fmt::format("{} is empty", path), "build it again, or check what wrote it");
  return bytes;
}

Result<> write_file(const std::string& path, std::span<const std::byte> bytes) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
    // A device or a pipe is written to, not replaced.
    const File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0) return fail(Errc::system, "{} cannot be written: {}", path, reason(errno));
    return write_all(file.get(), bytes, path);
  }
  std::string temporary = path + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return fail(Errc::system, "{} cannot be written: {}", path, reason(errno));
  auto written = write_all(file.get(), bytes, path);
  if (written && (::fchmod(file.get(), 0644) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0))
    written = fail(Errc::system, "{} cannot be written: {}", path, reason(errno));
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Guess guess_kind(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto start = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (start.starts_with("(component") || start.starts_with("(module") || start.starts_with(";;"))
    return {"WebAssembly text", "turn it into a binary: wasm-tools parse FILE.wat -o FILE.wasm"};
  if (text.starts_with("\x1f\x8b") || text.starts_with("PK\x03\x04") || text.starts_with("\x28\xb5\x2f\xfd"))
    return {"a compressed archive", "unpack it and give the .wasm inside"};
  if (text.starts_with("\x7f"
                       "ELF"))
    return {"a native program", "compile for WebAssembly instead"};
  if (start.starts_with("package ") || start.starts_with("interface ") || start.starts_with("world "))
    return {"WIT, the description of interfaces", "build a component that implements it"};
  if (component::valid_utf8(text.substr(0, std::min<std::size_t>(text.size(), 256) & ~std::size_t{3})) &&
      text.substr(0, 256).find('\0') == std::string_view::npos)
    return {"text", "build it into a component first"};
  return {};
}

}  // namespace wisp::cli
