#include "wasi/filesystem/directory_reader.hpp"

#include "component/binary/utf8.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>

namespace wisp::wasi {

namespace {

constexpr std::size_t kBuffer = 32 * 1024;

FileType type_of(unsigned char kind, int directory, const char* name) {
  if (kind != DT_UNKNOWN) return file_type_of_mode(DTTOIF(kind));
  // Some file systems do not tell.
  struct stat status{};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return FileType::unknown;
  return file_type_of_mode(status.st_mode);
}

}  // namespace

FsResult<std::optional<DirectoryEntry>> DirectoryReader::next() {
  while (!done_) {
    if (position_ >= filled_) {
      buffer_.resize(kBuffer);
      const ssize_t got = ::getdents64(directory_.get(), buffer_.data(), buffer_.size());
      if (got < 0) {
        done_ = true;
        return fs_errno();
      }
      position_ = 0;
      filled_ = static_cast<std::size_t>(got);
      done_ = got == 0;
      continue;
    }
    const std::byte* record = buffer_.data() + position_;
    unsigned short length = 0;
    std::memcpy(&length, record + offsetof(dirent64, d_reclen), sizeof length);
    const auto kind = static_cast<unsigned char>(record[offsetof(dirent64, d_type)]);
    const std::string name(reinterpret_cast<const char*>(record + offsetof(dirent64, d_name)));
    position_ += length;
    if (name == "." || name == "..") continue;
    if (!component::valid_utf8(name)) return std::unexpected(FsError::illegal_byte_sequence);
    return DirectoryEntry{type_of(kind, directory_.get(), name.c_str()), name};
  }
  return std::nullopt;
}

}  // namespace wisp::wasi
