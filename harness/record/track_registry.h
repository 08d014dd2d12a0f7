// The tracks of a recording and their logs.
//
// A log belongs to both the registry and its thread: it outlives its thread until it was drained, and the recorder
// until its thread has ended. Rings of many threads share a budget: the n-th live ring takes at most budget / 16n
// bytes, which keeps the sum of any number of them within it.
#ifndef STALLPOINT_HARNESS_RECORD_TRACK_REGISTRY_H_
#define STALLPOINT_HARNESS_RECORD_TRACK_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "harness/record/thread_log.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

struct RecordedTrack {
  trace::TrackDefinition definition;
  std::shared_ptr<ThreadLog> log;

  // The recorder's thread only.
  int64_t segment_written = -1;  // the last segment that defines it
  uint64_t drops_counted = 0;
  uint64_t heartbeats_written = 0;
  int64_t heartbeat_segment = -1;  // the last segment that defines its heartbeat series
};

class TrackRegistry {
 public:
  // `half_full` is posted whenever a ring becomes half full.
  TrackRegistry(uint32_t ring_bytes, std::shared_ptr<WakeUp> half_full)
      : ring_bytes_(ring_bytes), half_full_(std::move(half_full)) {}

  // [any] Gives the track its id.
  std::shared_ptr<RecordedTrack> Add(trace::TrackDefinition definition);
  // The same for a track that no thread writes to; it takes no part in the budget.
  std::shared_ptr<RecordedTrack> AddWithoutRing(trace::TrackDefinition definition);
  std::vector<std::shared_ptr<RecordedTrack>> tracks() const;
  // [recorder's thread] Forgets tracks whose log is drained for good.
  void Remove(const std::vector<std::shared_ptr<RecordedTrack>>& drained);

 private:
  std::shared_ptr<RecordedTrack> AddWithSlots(trace::TrackDefinition definition, uint32_t slots);

  const uint32_t ring_bytes_;
  const std::shared_ptr<WakeUp> half_full_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<RecordedTrack>> tracks_;
  uint32_t last_id_ = 0;
  size_t live_rings_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_TRACK_REGISTRY_H_
