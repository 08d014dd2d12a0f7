// Appends chunks to a .sptrace file as framed, compressed, checksummed records.
//
// The file is a valid trace after every successful call; there is no footer to lose. One thread at a time may call.
// Nothing here blocks beyond the write itself. After a failed write the writer remembers the error (`status`), cuts the
// file back to its last whole frame where it can, and refuses further chunks cheaply: the caller counts them as
// dropped. A process that sets RLIMIT_FSIZE must ignore SIGXFSZ.
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
    // Add to an existing trace (a calibration run, another process's part); a file that is not there is made.
    bool append = false;
    // 1 to 19; higher takes more time for smaller files. 3 keeps up with any recorder.
    int zstd_level = 3;
  };

  // Opens with mode 0600 and O_NOFOLLOW; a symbolic link, device or directory is refused. `writer_id` is random, not 0,
  // and new with every writer, because readers take a second frame of the same writer and number for a duplicate.
  // AlreadyExists, PermissionDenied, NotFound (of the folder), FailedPrecondition (not a regular file), InvalidArgument
  // (writer_id, zstd_level).
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Open(const std::string& path, uint64_t writer_id,
                                                           Options options);
  virtual ~TraceWriter() = default;

  // Appends one frame, or several if the chunk is larger than a frame may be. Texts that are not UTF-8 are repaired
  // (`string` fields hold nothing else; `bytes` stay as they are). ResourceExhausted: the disk, the quota or
  // the permitted size is used up. Unavailable: another error of the disk. InvalidArgument: this chunk cannot be
  // written, later ones can (a single text is larger than a frame).
  virtual absl::Status Write(const trace::Chunk& chunk) = 0;
  // Forces what was written to the disk.
  virtual absl::Status Sync() = 0;
  // The first error of the disk, for ever.
  virtual const absl::Status& status() const = 0;
  virtual uint64_t bytes_written() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_WRITER_H_
