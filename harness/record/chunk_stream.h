// The way from drained events to chunks in the file: segments, definitions, and the account of what was written.
//
// The recorder's thread alone uses it, but for `accounting` and `status`, which any thread may call. A chunk is written
// when it is large enough and at the end of each flush. `emitted == recorded + dropped` holds in every chunk and after
// every call: what a failed write took with it is dropped.
#ifndef STALLPOINT_HARNESS_RECORD_CHUNK_STREAM_H_
#define STALLPOINT_HARNESS_RECORD_CHUNK_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "harness/record/definitions.h"
#include "harness/record/pending_events.h"
#include "harness/record/span_block.h"
#include "harness/record/track_registry.h"
#include "traces/proto/trace.pb.h"
#include "traces/writer.h"

namespace stallpoint {

class ChunkStream {
 public:
  ChunkStream(std::unique_ptr<TraceWriter> writer, trace::SegmentStart identity, Definitions* definitions);

  // [any] Changes what later segments say was run; the next flush begins a segment.
  void UpdateRun(const std::function<void(trace::Run&)>& change);

  // A flush: Begin, then events, then End or EndOfRun.
  void Begin();
  void Add(const PendingEvents& pending);
  // Everything in the track's ring. Returns how full the ring was, 0 to 1.
  double Drain(RecordedTrack& track);
  // REQUIRES: the spans' tracks were drained in this flush. Sorts them.
  void AddLinkedSpans(std::vector<LinkedSpan>& spans);
  void AddCounter(uint32_t series_id, uint64_t ticks, double value);
  // Writes what is left, if it says anything or if a second is nearly over since the last chunk.
  void End();
  void EndOfRun(trace::Outcome outcome, std::string_view message);
  // Whether a flush was begun.
  bool started() const { return segment_ >= 0; }

  // [any] As of the last chunk.
  trace::Accounting accounting() const;
  absl::Status status() const;

 private:
  void StartSegment();
  void AddAllocations(const std::vector<PendingEvents::Allocation>& allocations);
  void DefineTrack(RecordedTrack& track);
  void AddHeartbeat(RecordedTrack& track);
  void EncodeDrained(RecordedTrack& track);
  void CountEvents(uint64_t events, uint64_t bytes);
  void CountDrops(uint64_t events);
  void Write();

  const std::unique_ptr<TraceWriter> writer_;
  Definitions* const definitions_;

  mutable std::mutex mutex_;  // of identity_, segment_due_, accounting_, status_
  trace::SegmentStart identity_;
  bool segment_due_ = false;
  trace::Accounting accounting_;
  absl::Status status_;

  int64_t segment_ = -1;
  uint64_t segment_begin_bytes_ = 0;
  trace::ClockSnapshot snapshot_, previous_snapshot_;
  int64_t last_write_ns_ = 0;

  trace::Chunk chunk_;
  uint64_t chunk_events_ = 0;
  uint64_t chunk_bytes_ = 0;  // an upper estimate
  uint64_t dropped_ = 0;      // since the last chunk
  uint64_t set_aside_ = 0;
  struct OpenCounter {
    trace::CounterBlock* block;
    uint64_t last_ticks;
  };
  absl::flat_hash_map<uint32_t, OpenCounter> counters_;  // of this chunk, by series
  std::vector<RecordedSpan> spans_;
  std::vector<RecordedCost> costs_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_CHUNK_STREAM_H_
