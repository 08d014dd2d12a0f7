// Finds the whole frames in a stream of bytes, in bounded memory, whatever lies between them.
//
// After damage the scan resumes at the next marker whose header and payload are sound. One thread at a time.
#ifndef STALLPOINT_TRACES_FRAME_SCANNER_H_
#define STALLPOINT_TRACES_FRAME_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "traces/frame.h"
#include "traces/run_record.h"

namespace stallpoint {

// Where bytes come from. Read gives at most `capacity` bytes, 0 only at the end.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t capacity) = 0;
};

class FrameScanner {
 public:
  struct Frame {
    FrameHeader header;
    uint64_t offset = 0;      // of the header, from the start of the stream
    std::string_view stored;  // the payload as stored; valid until the next call of Next
  };

  explicit FrameScanner(std::unique_ptr<ByteSource> source);

  // The next whole frame, or nothing at the end. `damage` is what lay before it, if anything. An error is the source's.
  absl::StatusOr<std::optional<Frame>> Next(std::optional<Gap>* damage);

  // Bytes passed so far; at the end the length of the stream.
  uint64_t offset() const { return offset_; }
  // Not ok once the sound header of a newer frame format was met.
  const absl::Status& newer_format() const { return newer_format_; }

 private:
  std::string_view Unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // Makes `count` bytes readable, or as many as there are.
  void Fill(size_t count);
  // Passes over bytes that are readable.
  void Skip(size_t count);
  // The frame at the current offset, or why there is none. `frame_bytes` is its length where that is to be believed
  // although its payload is damaged, else 0.
  absl::StatusOr<Frame> FrameHere(size_t* frame_bytes);
  // Passes over bytes up to the next marker, or to the end.
  void SkipToMarker();

  std::unique_ptr<ByteSource> source_;
  absl::Status source_status_;
  bool at_end_ = false;  // the source gives no more
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0, end_ = 0;  // what of buffer_ is unread
  uint64_t offset_ = 0;         // of begin_ in the stream
  uint64_t zeros_ = 0;          // length of the run of zeros before offset_
  uint64_t distrusted_bytes_ = 0;
  absl::Status newer_format_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_FRAME_SCANNER_H_
