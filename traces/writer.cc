#include "traces/writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/core.h"
#include "traces/chunk_splitter.h"
#include "traces/file_descriptor.h"
#include "traces/frame.h"
#include "traces/proto/trace.pb.h"
#include "traces/text_repair.h"

namespace stallpoint {
namespace {

absl::Status OpenError(int error, const std::string& path) {
  switch (error) {
    case EEXIST:
      return absl::AlreadyExistsError(path + ": exists already; choose another name, or --force to replace it");
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(path + ": its folder does not exist; make it first");
    case ELOOP:
    case EISDIR:
    case ENXIO:  // a FIFO or a device
      return absl::FailedPreconditionError(path +
                                           ": not a regular file; a trace is not written through links or devices");
    default:
      return absl::ErrnoToStatus(error, path + ": cannot be opened for writing");
  }
}

absl::Status WriteError(int error, const std::string& path) {
  const char* const reason = std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(
        fmt::format("{}: {}: the trace ends at its last whole frame; make room or write it elsewhere", path, reason));
  }
  return absl::UnavailableError(fmt::format(
      "{}: {}: the trace ends at its last whole frame; check the disk or write it elsewhere", path, reason));
}

// A file that is there is removed rather than emptied: whoever reads or records it keeps what he has.
absl::Status RemoveRegularFile(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return errno == ENOENT ? absl::OkStatus() : OpenError(errno, path);
  if (S_ISLNK(info.st_mode)) return OpenError(ELOOP, path);
  if (!S_ISREG(info.st_mode)) return OpenError(EISDIR, path);
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : OpenError(errno, path);
}

class FrameWriter : public TraceWriter {
 public:
  FrameWriter(FileDescriptor file, std::string path, FrameEncoder encoder)
      : file_(std::move(file)), path_(std::move(path)), encoder_(std::move(encoder)) {}

  absl::Status Write(const trace::Chunk& chunk) override;
  absl::Status Sync() override;
  const absl::Status& status() const override { return status_; }
  uint64_t bytes_written() const override { return bytes_written_; }

 private:
  // REQUIRES: the chunk fits in a frame.
  absl::Status WriteFrame(const trace::Chunk& chunk);
  absl::Status Append(std::string_view frame);

  FileDescriptor file_;
  std::string path_;
  FrameEncoder encoder_;
  std::string payload_;
  uint32_t segment_index_ = 0;
  uint64_t sequence_ = 0;
  uint64_t bytes_written_ = 0;
  absl::Status status_;
};

absl::Status FrameWriter::Write(const trace::Chunk& chunk) {
  if (!status_.ok()) return status_;
  if (HasInvalidText(chunk)) {
    trace::Chunk repaired = chunk;
    RepairTexts(&repaired);
    return Write(repaired);
  }
  if (chunk.ByteSizeLong() <= kMaxPayloadBytes) return WriteFrame(chunk);
  const absl::StatusOr<std::vector<trace::Chunk>> pieces = SplitChunk(chunk, kMaxPayloadBytes);
  if (!pieces.ok()) return pieces.status();
  for (const trace::Chunk& piece : *pieces) {
    if (absl::Status status = WriteFrame(piece); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FrameWriter::WriteFrame(const trace::Chunk& chunk) {
  if (chunk.has_segment_start()) segment_index_ = chunk.segment_start().segment_index();
  chunk.SerializeToString(&payload_);
  return Append(encoder_.Encode(payload_, segment_index_, sequence_++));
}

absl::Status FrameWriter::Append(std::string_view frame) {
  size_t written = 0;
  while (written < frame.size()) {
    const ssize_t count = write(file_.get(), frame.data() + written, frame.size() - written);
    if (count > 0) written += static_cast<size_t>(count);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    status_ = WriteError(count == 0 ? EIO : errno, path_);
    // Unless another process appended meanwhile, what was written of this frame lies at the end of the file.
    const off_t end = lseek(file_.get(), 0, SEEK_CUR);
    struct stat info;
    if (written > 0 && fstat(file_.get(), &info) == 0 && info.st_size == end) {
      // A failure leaves a torn tail, which readers pass over.
      [[maybe_unused]] const int result = ftruncate(file_.get(), end - static_cast<off_t>(written));
    }
    return status_;
  }
  bytes_written_ += written;
  return absl::OkStatus();
}

absl::Status FrameWriter::Sync() {
  while (fdatasync(file_.get()) != 0) {
    if (errno == EINTR) continue;
    absl::Status error = WriteError(errno, path_);
    status_.Update(error);
    return error;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Open(const std::string& path, uint64_t writer_id,
                                                               Options options) {
  if (writer_id == 0) return absl::InvalidArgumentError("writer id 0: expected a random one");
  absl::StatusOr<FrameEncoder> encoder = FrameEncoder::Create(writer_id, options.zstd_level);
  if (!encoder.ok()) return encoder.status();
  if (options.overwrite && !options.append) {
    if (const absl::Status status = RemoveRegularFile(path); !status.ok()) return status;
  }
  // Without O_NONBLOCK a FIFO would wait for its reader here.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (options.append ? 0 : O_EXCL);
  FileDescriptor file(open(path.c_str(), flags, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return OpenError(errno, path);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return OpenError(errno, path);
  if (!S_ISREG(info.st_mode)) return OpenError(EISDIR, path);
  return std::make_unique<FrameWriter>(std::move(file), path, *std::move(encoder));
}

}  // namespace stallpoint
