#include "wasi/filesystem/file_stream.hpp"

#include <algorithm>

namespace wisp::wasi {

namespace {

Failure file_failure(FsError error) { return Failure{std::string(fs_error_name(error)), error}; }

FsResult<std::uint64_t> write_all(const Descriptor& file, ByteView bytes,
                                  std::optional<std::uint64_t> offset) {
  std::uint64_t total = 0;
  while (total < bytes.size()) {
    const auto rest = bytes.subspan(total);
    const auto put = offset ? file.write(rest, *offset + total) : file.append(rest);
    if (!put) return put;
    if (*put == 0) return std::unexpected(FsError::io);
    total += *put;
  }
  return total;
}

}  // namespace

void FileSource::begin(std::size_t length) {
  if (blocking_.pool == nullptr) {
    accept(file_->read(length, offset_));
    return;
  }
  job_ = blocking_.pool->start(
      *blocking_.loop, [file = file_, length, offset = offset_] { return file->read(length, offset); });
  if (!job_) end_.fail(file_failure(FsError::busy));
}

void FileSource::take_result() {
  if (!job_ || !job_->ready()) return;
  auto result = std::move(*job_->result);
  job_.reset();
  accept(std::move(result));
}

void FileSource::accept(FsResult<Bytes> result) {
  if (!result) {
    end_.fail(file_failure(result.error()));
  } else if (result->empty()) {
    end_.end();
  } else {
    offset_ += result->size();
    buffer_ = std::move(*result);
    position_ = 0;
  }
}

StreamResult<ByteView> FileSource::read(std::size_t max) {
  take_result();
  if (position_ == buffer_.size() && end_.open() && !job_ && max > 0) begin(std::min(max, kMaxRead));
  if (position_ < buffer_.size()) {
    const auto piece = ByteView(buffer_).subspan(position_, std::min(max, buffer_.size() - position_));
    position_ += piece.size();
    return piece;
  }
  if (!end_.open()) return end_.take();
  return ByteView();
}

StreamResult<std::size_t> FileSource::read_into(std::span<std::byte> into) {
  // Another thread must not write to memory of a guest, which may go meanwhile.
  if (blocking_.pool != nullptr || position_ < buffer_.size() || !end_.open() || into.empty())
    return ByteSource::read_into(into);
  const auto got = file_->read_into(into, offset_);
  if (!got) {
    end_.fail(file_failure(got.error()));
  } else if (*got == 0) {
    end_.end();
  } else {
    offset_ += *got;
    return *got;
  }
  return end_.take();
}

bool FileSource::ready() {
  take_result();
  if (position_ < buffer_.size() || !end_.open() || blocking_.pool == nullptr) return true;
  if (!job_) begin(kMaxRead);
  return !end_.open();
}

Signal& FileSource::changed() noexcept { return job_ ? job_->changed() : changed_; }

void FileSink::accept(FsResult<std::uint64_t> result) {
  if (!result) {
    end_.fail(file_failure(result.error()));
  } else if (offset_) {
    *offset_ += *result;
  }
}

StreamResult<> FileSink::settle() {
  if (job_ && job_->ready()) {
    auto result = std::move(*job_->result);
    job_.reset();
    accept(std::move(result));
  }
  if (!end_.open()) return end_.take();
  return {};
}

StreamResult<std::size_t> FileSink::capacity() {
  if (auto settled = settle(); !settled) return std::unexpected(std::move(settled).error());
  return job_ ? 0 : kFilePermit;
}

StreamResult<> FileSink::write(ByteView bytes) {
  if (auto settled = settle(); !settled) return settled;
  if (bytes.empty()) return {};
  if (blocking_.pool == nullptr) {
    accept(write_all(*file_, bytes, offset_));
  } else if (job_) {
    // Only a caller that goes beyond capacity() comes here.
    end_.fail(file_failure(FsError::busy));
  } else {
    job_ =
        blocking_.pool->start(*blocking_.loop, [file = file_, copy = Bytes(bytes.begin(), bytes.end()),
                                                offset = offset_] { return write_all(*file, copy, offset); });
    if (!job_) end_.fail(file_failure(FsError::busy));
  }
  return settle();
}

StreamResult<> FileSink::flush() { return settle(); }

bool FileSink::ready() { return !job_ || job_->ready(); }

Signal& FileSink::changed() noexcept { return job_ ? job_->changed() : changed_; }

}  // namespace wisp::wasi
