// Traces as bytes in memory: made, taken apart, forged and read back.
#ifndef STALLPOINT_TESTS_TRACES_TRACE_BYTES_H_
#define STALLPOINT_TESTS_TRACES_TRACE_BYTES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traces/frame.h"
#include "traces/proto/trace.pb.h"
#include "traces/reader.h"

namespace stallpoint {

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, std::string_view bytes);

// A chunk that differs for every number; `spans` decides its size. Number 0 starts a segment.
trace::Chunk NumberedChunk(int number, int spans = 20);

// The frames of chunks 0, 1, ... of one writer.
std::vector<std::string> NumberedFrames(int count, uint64_t writer_id = 1, int spans = 20);
std::string Join(const std::vector<std::string>& frames);

// A frame with sound checksums, whatever it says. `change` may falsify the header before it is sealed.
std::string ForgeFrame(std::string_view stored, void (*change)(FrameHeader*) = nullptr);

// All that a reader gives, chunks in serialised form.
struct ReadResult {
  absl::Status status;
  std::vector<std::string> chunks;
  std::vector<TraceReader::Origin> origins;  // their segments are not to be followed
  std::vector<Gap> gaps;
  std::vector<std::string> warnings;

  uint64_t frames_lost() const;
  uint64_t bytes_lost() const;
};
ReadResult ReadBytes(std::string_view bytes);
ReadResult ReadPath(const std::string& path);

// Whether a trace is to be tortured in full (STALLPOINT_EXHAUSTIVE=1) or as far as a quick test can.
bool Exhaustive();

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_TRACE_BYTES_H_
