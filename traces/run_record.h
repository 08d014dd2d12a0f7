// One recorded run as figures: what every consumer of a trace (info, replay, diagnosis, exporters of summaries) works
// on.
//
// `LoadTrace` streams the file once and keeps, per run, the cost vector of every sample, the times of every batch and
// iteration, and the totals. Plain spans (operators, user ranges) are not kept: exporters stream them from the reader.
// Times are CLOCK_MONOTONIC nanoseconds of the writer's host; -1 means that the event was not recorded.
// Values are plain data, owned by the record; const access from any thread.
#ifndef STALLPOINT_TRACES_RUN_RECORD_H_
#define STALLPOINT_TRACES_RUN_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "traces/knobs.h"
#include "traces/time_span.h"

namespace stallpoint {

// What one stage of one sample or batch used on its thread. wall = cpu + run queue + waiting for something else.
struct StageCost {
  int64_t wall_ns = 0;
  int64_t cpu_ns = 0;        // on a core
  int64_t run_queue_ns = 0;  // runnable, waiting for a core
  int64_t bytes = 0;         // read from files or network
  // Fetched from storage because the page cache did not have it, read-ahead included; 0 also where nobody counts.
  int64_t storage_bytes = 0;

  // Saturates far above any real sum.
  StageCost& operator+=(const StageCost& more);
  // Neither computing nor waiting for a core; never negative.
  int64_t wait_ns() const {
    const int64_t rest = wall_ns - cpu_ns - run_queue_ns;
    return rest > 0 ? rest : 0;
  }
};

// A sample's key and batch; its cost vector is row `i` of RunRecord::sample_costs.
struct SampleRecord {
  uint64_t key = 0;
  int64_t batch = 0;
};

// A batch on its way to main. `load` is the worker's whole service; `collate` the plugin's part after the samples.
struct BatchRecord {
  int64_t index = -1;  // -1: this slot was lost
  int32_t worker = -1;
  int32_t epoch = 0;
  int32_t samples = 0;
  int64_t bytes = 0;
  int64_t load_begin_ns = -1;  // the worker took the request
  int64_t load_end_ns = -1;    // the batch was handed over
  StageCost load;
  StageCost collate;
};

// One call of the training step. Intervals are [begin, end).
struct IterationRecord {
  int64_t index = -1;
  int64_t wait_begin_ns = -1, wait_end_ns = -1;        // main waits for the batch (or loads it, without workers)
  int64_t receive_begin_ns = -1, receive_end_ns = -1;  // main takes it over
  int64_t copy_begin_ns = -1, copy_end_ns = -1;        // the batch goes to the device
  int64_t launch_begin_ns = -1, launch_end_ns = -1;    // main issues the step
  int64_t sync_begin_ns = -1, sync_end_ns = -1;        // main waits for the device
  int64_t device_begin_ns = -1, device_end_ns = -1;    // the device computes
  bool copy_on_device = false;                         // a stream of it copies; else main waits meanwhile
  // Of the launch: copying the batch into page-locked memory, and the call that copies it to the device; -1: unknown.
  int64_t pin_ns = -1, copy_call_ns = -1;
  // Within these, by the device's own records of its kernels, or of those of earlier steps (device_work_collector.h);
  // -1: there were none.
  int64_t device_computing_ns = -1;
  StageCost launch, receive;
  StageCost device;  // of the device thread on `cpu`: cpu_ns and run_queue_ns are known there
  std::optional<double> loss;
};

struct PhaseSpan {
  std::string name;  // "startup", "train", ...
  int64_t begin_ns = 0, end_ns = 0;
};

// Something the reader had to pass over.
struct Gap {
  uint64_t offset_bytes = 0;  // in the file
  uint64_t length_bytes = 0;
  uint64_t frames_lost = 0;  // by sequence number; 0 when unknown
  std::string reason;
};

// One point of a counter.
struct CounterPoint {
  int64_t time_ns;
  double value;
};

// A block of the device's memory that an allocator handed out (positive bytes) or took back (negative), or, of 0 bytes,
// the mark that the step of index `address` begins.
struct AllocationRecord {
  uint64_t address = 0;
  int64_t bytes = 0;
  uint64_t held_bytes = 0;  // of the device, by the allocator, afterwards: in use or kept for later
};

// A probe that observed the run; its counters are those whose names begin with "ID.".
struct ProbeRecord {
  std::string id, version;
  uint64_t polls = 0;   // 0 as long as the run has not ended
  uint64_t cpu_ns = 0;  // of its thread
  std::string stopped;  // why it ended before the run did; empty: it did not

  // Whether the recording lived to tell what became of it.
  bool told() const { return polls > 0 || !stopped.empty(); }
};

inline constexpr int64_t kAllSteps = INT64_MAX;

struct RunRecord {
  enum class Role { kMain, kCalibration, kLive };

  uint64_t run_id = 0;
  Role role = Role::kMain;
  std::string source, source_version;
  bool source_was_file = false;
  std::map<std::string, std::string> options;
  std::string data_dir;
  bool cold_data = false;  // nothing of it was in the page cache when training began
  // While how many of the first steps were issued what devices did was recorded; kAllSteps, or 0: none.
  int64_t device_work_steps = 0;
  Knobs knobs;
  int64_t planned_steps = 0, planned_epochs = 0;  // one of the two is positive
  int64_t dataset_samples = 0;                    // 0: unknown
  uint32_t pid = 0;                               // of the process whose segment came first
  std::string process_name;
  double usable_cores = 1;
  uint64_t machine_memory_bytes = 0;  // 0: unknown
  uint64_t device_total_bytes = 0;    // of the device's own memory; 0: it has none, or it is unknown
  double batch_bytes_per_sample = 0;  // collated, on the host; 0: unknown
  std::string host_limit_enforcement, device_limit_enforcement;

  // Sample stages in order of first appearance ("read", "decode", ...).
  std::vector<std::string> sample_stages;
  std::vector<SampleRecord> samples;
  // samples.size() rows of sample_stages.size() costs.
  std::vector<StageCost> sample_costs;
  std::vector<BatchRecord> batches;         // by index, dense from 0
  std::vector<IterationRecord> iterations;  // by index, dense from 0

  // When a device computed (kernels, fills, graphs) and when one copied, by its own records: disjoint, in order,
  // kernels back to back as one. Empty without such records; all that is known of the device then are the iterations'
  // times. Of steps whose work was recorded no longer, as much as they computed, up to their end.
  std::vector<TimeSpan> device_computing, device_copying;

  // Of the first steps, in order, and by which allocator: "torch" is LibTorch's on a GPU, "stallpoint" that of `cpu`.
  std::vector<AllocationRecord> allocations;
  std::string allocator;

  int64_t begin_ns = 0, end_ns = 0;  // first and last recorded instant
  std::vector<PhaseSpan> phases;
  std::map<std::string, std::vector<CounterPoint>> counters;  // by series name
  std::map<std::string, std::string> counter_units;           // the same names
  std::vector<ProbeRecord> probes;
  // Parts of the device's step ("forward", "backward", "optimizer"): mean nanoseconds per iteration.
  std::map<std::string, double> step_parts_ns;

  // Accounting: emitted == recorded + dropped when closed.
  uint64_t emitted = 0, recorded = 0, dropped = 0, set_aside = 0;
  uint64_t unknown_ids = 0;     // references to undefined ids, counted and passed over
  uint64_t read_set_aside = 0;  // events with impossible times or indices, counted and passed over
  uint64_t recorder_cpu_ns = 0;
  bool closed = false;
  std::string outcome = "unknown";  // of cli.md, or "unknown" when the trace is not closed
  std::string outcome_message;

  absl::Span<const StageCost> CostsOfSample(size_t i) const {
    return absl::MakeConstSpan(sample_costs).subspan(i * sample_stages.size(), sample_stages.size());
  }
  bool has_device_timeline() const;
  // Of the first steps, how many are slower because what devices did was recorded, that in which recording ended among
  // them; 0 where that is none, or all.
  int64_t observed_steps() const;
  // What each batch used in each sample stage: batches.size() rows of sample_stages.size() sums.
  std::vector<StageCost> SumStagesByBatch() const;
};

// All runs of a file, in order of appearance, and what the reader met on the way.
struct TraceContents {
  std::vector<RunRecord> runs;
  std::vector<Gap> gaps;
  std::vector<std::string> warnings;  // newer minor version, unknown fields, ...
  uint64_t file_bytes = 0;

  // The run that info, why and export speak of: the first main run, else the first run.
  const RunRecord& main_run() const;
};

// DataLoss: not a trace, or nothing readable in it (the message names the format found). NotFound, PermissionDenied:
// the file. A damaged trace is not an error: see `gaps` and `closed`.
absl::StatusOr<TraceContents> LoadTrace(const std::string& path);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_RUN_RECORD_H_
