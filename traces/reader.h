// Streams the chunks of a .sptrace file in bounded memory, passing over whatever is damaged.
//
// Damage is never an error: it is recorded as a Gap and reading goes on at the next whole frame. One thread at a time.
#ifndef STALLPOINT_TRACES_READER_H_
#define STALLPOINT_TRACES_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "traces/run_record.h"

namespace stallpoint {

namespace trace {
class Chunk;
class SegmentStart;
}  // namespace trace

class TraceReader {
 public:
  // DataLoss: empty, or no frame in it; the message names the format found (gzip, JSON, SQLite, ...). Unimplemented:
  // written by a newer major version. NotFound, PermissionDenied, FailedPrecondition (a directory).
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(const std::string& path);
  // Reads from memory; `bytes` must outlive the reader.
  static absl::StatusOr<std::unique_ptr<TraceReader>> OpenBytes(std::string_view bytes);
  virtual ~TraceReader() = default;

  // Where a chunk came from. `segment` is the SegmentStart of the chunk's segment, null when it was lost: ids that
  // other segments defined mean nothing then. There is one object per writer, which lives as long as the reader and
  // takes the new value when that writer's next segment starts.
  struct Origin {
    uint64_t writer_id = 0;
    uint64_t sequence = 0;
    uint64_t offset_bytes = 0;
    uint32_t segment_index = 0;
    const trace::SegmentStart* segment = nullptr;
  };

  // The next chunk, or false at the end of the file. Chunks come in the order of the file; a frame that was met before
  // (same writer and sequence) is left out. An error means that the file could not be read any further; Unimplemented:
  // a segment of a newer major version begins here.
  virtual absl::StatusOr<bool> Next(trace::Chunk* chunk, Origin* origin) = 0;

  // What was passed over up to now. A gap without length is a frame that the sequence numbers miss.
  virtual const std::vector<Gap>& gaps() const = 0;
  // Each kind once.
  virtual const std::vector<std::string>& warnings() const = 0;
  virtual uint64_t file_bytes() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_READER_H_
