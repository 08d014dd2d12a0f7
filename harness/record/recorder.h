// Records spans, counters and events of one process on one clock and writes them to a trace.
//
// Any thread may record. Each has a `ThreadLog` of its own, reached through a thread-local pointer: a ring that only this
// thread writes and only the recorder's thread reads, so that recording takes no lock and no allocation. When a ring is
// full, when the disk is slow or full, the event is dropped and counted; the recorded program never waits.
//
// The recorder's thread drains the rings every 100 ms (at most 250 ms apart), takes a clock snapshot and writes one chunk.
#ifndef STALLPOINT_HARNESS_RECORD_RECORDER_H_
#define STALLPOINT_HARNESS_RECORD_RECORDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/record/clock.h"
#include "harness/record/thread_log.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

class Recorder {
 public:
  struct Options {
    // What was run; copied into every segment. run_id and writer_id are filled in when 0.
    trace::SegmentStart identity;
    // The file; see TraceWriter for `overwrite` and `append`.
    std::string path;
    bool overwrite = false;
    bool append = false;
    // Ring size of each thread. Full: events are dropped and counted.
    uint32_t ring_bytes = 1 << 20;
    int64_t flush_interval_ns = 100'000'000;
    // Also emit NVTX ranges around stages and steps, for a profiler that is attached.
    bool nvtx = true;
    // Called by the recorder's thread before every flush, to sample process counters.
    std::function<void(Recorder&)> on_flush;
  };

  // Opens the file and starts the recorder's thread. Errors are those of TraceWriter::Open. One recorder a process is
  // active at a time.
  static absl::StatusOr<std::unique_ptr<Recorder>> Start(Options options);
  // As Finish(OUTCOME_CANCELLED) when the run was not finished.
  virtual ~Recorder() = default;

  // [any] Ids, the same for the same name. Take a lock: call them once, not per event.
  virtual uint32_t Intern(std::string_view name) = 0;
  // An interned name that is a stage.
  virtual uint32_t Stage(std::string_view name, trace::StageKind kind) = 0;
  virtual uint32_t Device(const trace::DeviceDefinition& device) = 0;  // returns the id; `device.id` is ignored
  virtual uint32_t Series(std::string_view name, std::string_view unit) = 0;

  // [any] Makes the calling thread a track of the trace; its log is then `ThreadLog::Current()`. Ends with the thread.
  virtual ThreadLog* AttachThread(trace::TrackDefinition track) = 0;
  // A track that is no thread (a stream of a device), written by one thread at a time of the caller's choosing.
  virtual ThreadLog* AddStream(trace::TrackDefinition track) = 0;

  // [any] Rare events; take a lock.
  virtual void Batch(const trace::BatchBlock& one) = 0;
  virtual void Iteration(uint64_t iteration, double loss, bool has_loss, bool optimizer_stepped) = 0;
  virtual void EnterPhase(trace::Phase phase) = 0;
  virtual void Log(int severity, std::string_view text) = 0;
  virtual void Counter(uint32_t series, double value) = 0;
  // Facts that became known after the start (data set size, limits); written with the next segment start, which this forces.
  virtual void UpdateRun(const std::function<void(trace::Run&)>& change) = 0;

  // Flushes what was recorded so far. [any]
  virtual void Flush() = 0;
  // Writes everything and the end of the run, and stops the thread. The trace is closed afterwards. Returns the first
  // error of the file; what could not be written is in the accounting. Idempotent.
  virtual absl::Status Finish(trace::Outcome outcome, std::string_view message) = 0;

  virtual trace::Accounting accounting() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_RECORDER_H_
