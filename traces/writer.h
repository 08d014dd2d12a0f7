// Appends chunks to a .sptrace file as framed, compressed, checksummed records.
//
// The file is a valid trace after every successful call; there is no footer to lose. One thread at a time may call. Nothing
// here throws or blocks beyond the write itself. After a failed write the writer remembers the error (`status`), cuts the
// file back to its last whole frame where it can, and refuses further chunks cheaply: the caller counts them as dropped.
#ifndef STALLPOINT_TRACES_WRITER_H_
#define STALLPOINT_TRACES_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stallpoint {

namespace trace {
class Chunk;
}

class TraceWriter {
 public:
  struct Options {
    // Replace an existing file. Without it an existing file is AlreadyExists. Ignored when `append` is set.
    bool overwrite = false;
    // Add to an existing trace (a calibration run, another process's part) instead of making a new file.
    bool append = false;
    int zstd_level = 3;
  };

  // Opens with mode 0600 and O_NOFOLLOW; a symbolic link, device or directory is refused. AlreadyExists, PermissionDenied,
  // NotFound (of the folder), FailedPrecondition (not a regular file).
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Open(const std::string& path, uint64_t writer_id, Options options);
  virtual ~TraceWriter() = default;

  // Appends one frame, or several if the chunk is larger than a frame may be. ResourceExhausted: the disk is full.
  virtual absl::Status Write(const trace::Chunk& chunk) = 0;
  // Forces what was written to the disk.
  virtual absl::Status Sync() = 0;
  // The first error of Write, for ever.
  virtual const absl::Status& status() const = 0;
  virtual uint64_t bytes_written() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_WRITER_H_
