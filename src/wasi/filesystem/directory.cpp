// The operations of a Descriptor that name something in a directory.
#include "component/binary/utf8.hpp"
#include "wasi/filesystem/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

namespace wisp::wasi {

namespace {

// The type of what a name stands for, links not followed; empty when there is nothing.
std::optional<FileType> type_of_name(const ParentAndName& at) {
  struct stat status{};
  if (::fstatat(at.parent.get(), at.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return file_type_of_mode(status.st_mode);
}

int open_flags(const OpenHow& how, FileFlags& flags) {
  // As in POSIX a file has to be opened for something; creating or truncating implies that it is written.
  if (how.create || how.truncate) flags.write = true;
  if (!how.flags.write) flags.read = true;
  // Non-blocking: the other end of a FIFO may never come.
  int bits = O_NOCTTY | O_NONBLOCK;
  bits |= flags.read && flags.write ? O_RDWR : flags.write ? O_WRONLY : O_RDONLY;
  if (how.create) bits |= O_CREAT;
  if (how.create && how.exclusive) bits |= O_EXCL;
  if (how.truncate) bits |= O_TRUNC;
  if (how.directory) bits |= O_DIRECTORY;
  if (flags.data_integrity_sync) bits |= O_DSYNC;
  if (flags.file_integrity_sync) bits |= O_SYNC;
  if (flags.requested_write_sync) bits |= O_RSYNC;
  return bits;
}

}  // namespace

FsResult<ParentAndName> Descriptor::parent_of(std::string_view path) const {
  return open_parent(system_->resolver, fd_.get(), path);
}

FsResult<std::shared_ptr<Descriptor>> Descriptor::open_at(std::string_view path, const OpenHow& how) const {
  if (auto checked = check_directory(); !checked) return std::unexpected(checked.error());
  if (how.directory && (how.create || how.exclusive || how.truncate))
    return std::unexpected(FsError::invalid);
  if (how.create || how.truncate || how.flags.write || how.flags.mutate_directory) {
    if (auto checked = check_writable(); !checked) return std::unexpected(checked.error());
  }
  FileFlags flags = how.flags;
  const int bits = open_flags(how, flags);
  auto fd = open_beneath(system_->resolver, fd_.get(), path, bits, 0666, how.last);
  if (!fd) return std::unexpected(fd.error());
  struct stat status{};
  if (::fstat(fd->get(), &status) != 0) return fs_errno();
  const auto type = file_type_of_mode(status.st_mode);
  if (type != FileType::directory) flags.mutate_directory = false;
  return std::make_shared<Descriptor>(system_, std::move(*fd), type, flags, access_);
}

FsResult<> Descriptor::create_directory_at(std::string_view path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  const auto at = parent_of(path);
  if (!at) return std::unexpected(at.error());
  if (at->is_dots()) return std::unexpected(FsError::exist);
  if (::mkdirat(at->parent.get(), at->name.c_str(), 0777) != 0) return fs_errno();
  return {};
}

FsResult<> Descriptor::remove_directory_at(std::string_view path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  const auto at = parent_of(path);
  if (!at) return std::unexpected(at.error());
  if (at->name == ".") return std::unexpected(FsError::invalid);
  if (at->name == "..") return std::unexpected(FsError::not_empty);
  if (::unlinkat(at->parent.get(), at->name.c_str(), AT_REMOVEDIR) != 0) return fs_errno();
  return {};
}

FsResult<> Descriptor::unlink_file_at(std::string_view path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  const auto at = parent_of(path);
  if (!at) return std::unexpected(at.error());
  if (at->is_dots()) return std::unexpected(FsError::is_directory);
  if (at->slash) {
    const auto type = type_of_name(*at);
    if (!type) return fs_errno();
    return std::unexpected(*type == FileType::directory ? FsError::is_directory : FsError::not_directory);
  }
  if (::unlinkat(at->parent.get(), at->name.c_str(), 0) != 0) return fs_errno();
  return {};
}

FsResult<> Descriptor::symlink_at(std::string_view target, std::string_view path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  if (target.starts_with('/')) return std::unexpected(FsError::not_permitted);
  if (target.empty()) return std::unexpected(FsError::no_entry);
  if (target.size() >= kMaxPath) return std::unexpected(FsError::name_too_long);
  if (target.find('\0') != target.npos) return std::unexpected(FsError::invalid);
  const auto at = parent_of(path);
  if (!at) return std::unexpected(at.error());
  if (at->is_dots()) return std::unexpected(FsError::exist);
  if (at->slash) return std::unexpected(type_of_name(*at) ? FsError::exist : FsError::no_entry);
  if (::symlinkat(std::string(target).c_str(), at->parent.get(), at->name.c_str()) != 0) return fs_errno();
  return {};
}

FsResult<std::string> Descriptor::readlink_at(std::string_view path) const {
  const auto link = locate(path, LastLink::keep);
  if (!link) return std::unexpected(link.error());
  struct stat status{};
  if (::fstat(link->get(), &status) != 0) return fs_errno();
  if (!S_ISLNK(status.st_mode)) return std::unexpected(FsError::invalid);
  std::string target(kMaxPath, '\0');
  const ssize_t size = ::readlinkat(link->get(), "", target.data(), target.size());
  if (size < 0) return fs_errno();
  target.resize(static_cast<std::size_t>(size));
  if (target.starts_with('/')) return std::unexpected(FsError::not_permitted);
  if (!component::valid_utf8(target)) return std::unexpected(FsError::illegal_byte_sequence);
  return target;
}

FsResult<> Descriptor::link_at(std::string_view path, const Descriptor& new_directory,
                               std::string_view new_path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  if (auto checked = new_directory.check_mutable_directory(); !checked) return checked;
  const auto from = parent_of(path);
  if (!from) return std::unexpected(from.error());
  const auto to = new_directory.parent_of(new_path);
  if (!to) return std::unexpected(to.error());
  if (to->is_dots()) return std::unexpected(FsError::exist);
  if (from->is_dots()) return std::unexpected(FsError::not_permitted);
  if (from->slash) {
    const auto type = type_of_name(*from);
    if (!type) return fs_errno();
    return std::unexpected(*type == FileType::directory ? FsError::not_permitted : FsError::not_directory);
  }
  if (to->slash) return std::unexpected(type_of_name(*to) ? FsError::exist : FsError::no_entry);
  if (::linkat(from->parent.get(), from->name.c_str(), to->parent.get(), to->name.c_str(), 0) != 0) {
    return fs_errno();
  }
  return {};
}

FsResult<> Descriptor::rename_at(std::string_view path, const Descriptor& new_directory,
                                 std::string_view new_path) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  if (auto checked = new_directory.check_mutable_directory(); !checked) return checked;
  const auto from = parent_of(path);
  if (!from) return std::unexpected(from.error());
  const auto to = new_directory.parent_of(new_path);
  if (!to) return std::unexpected(to.error());
  if (from->is_dots() || to->is_dots()) return std::unexpected(FsError::busy);
  if (from->slash || to->slash) {
    const auto type = type_of_name(*from);
    if (!type) return fs_errno();
    if (*type != FileType::directory) return std::unexpected(FsError::not_directory);
  }
  if (::renameat(from->parent.get(), from->name.c_str(), to->parent.get(), to->name.c_str()) != 0) {
    return fs_errno();
  }
  return {};
}

FsResult<UniqueFd> Descriptor::reopen_directory() const {
  if (auto checked = check_directory(); !checked) return std::unexpected(checked.error());
  UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fs_errno();
  return fd;
}

}  // namespace wisp::wasi
