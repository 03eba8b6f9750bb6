#pragma once

#include "wasi/filesystem/blocking.hpp"
#include "wasi/filesystem/descriptor.hpp"

namespace wisp::wasi {

/// Reads a file from an offset on, with at most one read under way. Ends at the end of the file.
class FileSource final : public ByteSource {
 public:
  FileSource(Blocking blocking, std::shared_ptr<const Descriptor> file, std::uint64_t offset)
      : blocking_(blocking), file_(std::move(file)), offset_(offset) {}
  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] StreamResult<std::size_t> read_into(std::span<std::byte> into) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override;

 private:
  void begin(std::size_t length);
  void take_result();
  void accept(FsResult<Bytes> result);

  Blocking blocking_;
  std::shared_ptr<const Descriptor> file_;
  std::uint64_t offset_;
  std::shared_ptr<BlockingJob<FsResult<Bytes>>> job_;
  Bytes buffer_;
  std::size_t position_ = 0;  // in buffer_
  EndState end_;
  Signal changed_;
};

/// Writes a file from an offset on, or at its end, with at most one write under way. A stream that is dropped
/// meanwhile still completes that write.
class FileSink final : public ByteSink {
 public:
  /// Without `offset`: appends.
  FileSink(Blocking blocking, std::shared_ptr<const Descriptor> file, std::optional<std::uint64_t> offset)
      : blocking_(blocking), file_(std::move(file)), offset_(offset) {}
  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override;
  [[nodiscard]] bool writing() const noexcept override { return job_ && !job_->result; }

 private:
  [[nodiscard]] StreamResult<> settle();
  void accept(FsResult<std::uint64_t> result);

  Blocking blocking_;
  std::shared_ptr<const Descriptor> file_;
  std::optional<std::uint64_t> offset_;
  std::shared_ptr<BlockingJob<FsResult<std::uint64_t>>> job_;
  EndState end_;
  Signal changed_;
};

/// What a file sink takes at a time.
inline constexpr std::size_t kFilePermit = 1024 * 1024;

}  // namespace wisp::wasi
