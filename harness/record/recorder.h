// Records spans, counters and events of one process on one clock and writes them to a trace.
//
// Any thread may record. Each has a `ThreadLog` of its own, reached through a thread-local pointer: a ring that only
// this thread writes and only the recorder's thread reads, so that recording takes no lock and no allocation. When a
// ring is full, when the disk is slow or full, the event is dropped and counted; the recorded program never waits.
//
// The recorder's thread drains the rings every 100 ms (at most 250 ms apart, sooner when a ring is filling up), takes a
// clock snapshot and writes one chunk or a few. In a forked child everything here does nothing.
#ifndef STALLPOINT_HARNESS_RECORD_RECORDER_H_
#define STALLPOINT_HARNESS_RECORD_RECORDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/record/clock.h"
#include "harness/record/linked_span.h"
#include "harness/record/thread_log.h"
#include "traces/proto/trace.pb.h"
#include "traces/writer.h"

namespace stallpoint {

// How one track is getting on, for a watchdog.
struct TrackProgress {
  trace::TrackDefinition track;
  uint64_t heartbeats = 0;
  int64_t age_ns = 0;  // since the last heartbeat, or since the track was attached
};

class Recorder {
 public:
  struct Options {
    // What was run; copied into every segment. Filled in where it is unset: schema and stallpoint version, run_id,
    // writer_id, host, process.
    trace::SegmentStart identity;
    // The file; see TraceWriter for `overwrite` and `append`.
    std::string path;
    bool overwrite = false;
    bool append = false;
    // Ring size of each thread. Full: events are dropped and counted. Many threads at a time get smaller rings: all of
    // them together stay within 256 MiB.
    uint32_t ring_bytes = 1 << 20;
    // Between two flushes. Legal: 1 ms to 250 ms; a killed process loses what it recorded since the last one.
    int64_t flush_interval_ns = 100'000'000;
    // Also emit NVTX ranges around stages and steps, for a profiler that is attached.
    bool nvtx = true;
    // Sample the series of process_counters.h: host_memory_rss, host_memory_held, host_memory_held_peak,
    // page_faults_major, page_faults_minor, open_files, cpu_time_process, cpu_time_machine.
    bool process_counters = true;
    // Called by the recorder's thread before every flush, to sample further counters.
    std::function<void(Recorder&)> on_flush;
    // In place of TraceWriter::Open.
    std::function<absl::StatusOr<std::unique_ptr<TraceWriter>>(const std::string& path, uint64_t writer_id,
                                                               TraceWriter::Options options)>
        open_writer;
  };

  // Opens the file, starts the recorder's thread and enters PHASE_STARTUP. Errors are those of TraceWriter::Open, and
  // FailedPrecondition while another recorder of this process is active.
  static absl::StatusOr<std::unique_ptr<Recorder>> Start(Options options);
  // As Finish(OUTCOME_CANCELLED) when the run was not finished.
  virtual ~Recorder() = default;

  // [any] Ids, the same for the same name; 0 stands for none. Take a lock: call them once, not per event.
  virtual uint32_t Intern(std::string_view name) = 0;
  // An interned name that is a stage.
  virtual uint32_t Stage(std::string_view name, trace::StageKind kind) = 0;
  virtual uint32_t Device(const trace::DeviceDefinition& device) = 0;  // returns the id; `device.id` is ignored
  virtual uint32_t Series(std::string_view name, std::string_view unit) = 0;

  // [any] Makes the calling thread a track of the trace; its log is then `ThreadLog::Current()`. Ends with the thread.
  // The id is given here; so are thread id and name where they are unset. Null in a forked child.
  virtual ThreadLog* AttachThread(trace::TrackDefinition track) = 0;
  // [any] Ends the calling thread's track before the thread ends.
  virtual void DetachThread() = 0;
  // A track that is no thread (a stream of a device), written by one thread at a time of the caller's choosing. Lives
  // as long as the recorder.
  virtual ThreadLog* AddStream(trace::TrackDefinition track) = 0;
  // [any] The same without a log: a track for linked spans alone. Returns its id.
  virtual uint32_t AddTrack(trace::TrackDefinition track) = 0;

  // [any] Rare events; take a lock, which is never held while the disk is waited for.
  virtual void Batch(const trace::BatchBlock& one) = 0;
  virtual void Iteration(uint64_t iteration, double loss, bool has_loss, bool optimizer_stepped) = 0;
  virtual void EnterPhase(trace::Phase phase) = 0;
  virtual void Log(int severity, std::string_view text) = 0;
  virtual void Counter(uint32_t series, double value) = 0;
  // The same of a past instant.
  virtual void CounterAt(uint32_t series, uint64_t ticks, double value) = 0;
  // [any] As a row of MemoryBlock, now; `allocator` is an interned name.
  virtual void Allocation(uint32_t allocator, uint64_t address, int64_t bytes, uint64_t held_bytes) = 0;
  // [any] Spans that were learned in bulk after they had ended. Takes a lock. kMostLinkedSpans wait for the next flush,
  // what goes beyond is dropped and counted: whoever can wait calls Flush in between.
  virtual void AddLinkedSpans(absl::Span<const LinkedSpan> spans) = 0;
  // [any] Events that were lost before they came here, for the accounts: `dropped` by buffers that were full,
  // `set_aside` because they cannot be.
  virtual void CountLost(uint64_t dropped, uint64_t set_aside) = 0;
  // Facts that became known after the start (data set size, limits); written with the next segment start, which this
  // forces.
  virtual void UpdateRun(const std::function<void(trace::Run&)>& change) = 0;

  // [any] Writes what was recorded so far; waits for the disk. Does nothing when called from `on_flush`.
  virtual void Flush() = 0;
  // Writes everything and the end of the run, and stops the thread. The trace is closed afterwards; the calling
  // thread's track ends. Returns the first error of the file; what could not be written is in the accounting.
  // Idempotent: a second call returns what the first did.
  virtual absl::Status Finish(trace::Outcome outcome, std::string_view message) = 0;

  // [any] As of the last chunk written.
  virtual trace::Accounting accounting() const = 0;
  // [any] All tracks that are being recorded.
  virtual std::vector<TrackProgress> Progress() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_RECORDER_H_
