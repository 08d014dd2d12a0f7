// Streams the events of a .sptrace file to visitors, in bounded memory.
//
//   auto events = TraceEvents::Open(path);   // reads the file once, for its clocks
//   events->Visit(visitor);                  // once more for each visitor
//
// One thread at a time. The file may grow between the readings; a visitor sees what is whole when it reads.
#ifndef STALLPOINT_TRACES_TRACE_EVENTS_H_
#define STALLPOINT_TRACES_TRACE_EVENTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "traces/event_decoder.h"
#include "traces/run_record.h"
#include "traces/trace_visitor.h"

namespace stallpoint {

class TraceEvents {
 public:
  // Errors are those of TraceReader::Open.
  static absl::StatusOr<std::unique_ptr<TraceEvents>> Open(const std::string& path);
  // Reads from memory; `bytes` must outlive the object.
  static absl::StatusOr<std::unique_ptr<TraceEvents>> OpenBytes(std::string_view bytes);

  // Events of one track come in the order of their ends; tracks are interleaved.
  absl::Status Visit(TraceVisitor& visitor);

  // Of the last complete reading.
  const std::vector<Gap>& gaps() const { return gaps_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  uint64_t file_bytes() const { return file_bytes_; }
  const EventDecoder& decoder() const { return decoder_; }

 private:
  using OpenReader = std::function<absl::StatusOr<std::unique_ptr<TraceReader>>()>;

  TraceEvents() = default;
  static absl::StatusOr<std::unique_ptr<TraceEvents>> Open(OpenReader open_reader);
  template <typename OnChunk>
  absl::Status Read(OnChunk on_chunk);

  OpenReader open_reader_;
  EventDecoder decoder_;
  std::vector<Gap> gaps_;
  std::vector<std::string> warnings_;
  uint64_t file_bytes_ = 0;
};

// The same as LoadTrace(path), for a caller who then streams the events as well.
absl::StatusOr<TraceContents> LoadTrace(TraceEvents& events);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TRACE_EVENTS_H_
