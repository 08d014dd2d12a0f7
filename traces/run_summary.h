// The figures of `info`: the steady window of a run, its step time, and where each instant of the window went.
//
// Definitions are cli.md's. Pure functions of a RunRecord; any thread.
#ifndef STALLPOINT_TRACES_RUN_SUMMARY_H_
#define STALLPOINT_TRACES_RUN_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/run_record.h"

namespace stallpoint {

// Fractions of the steady window; they add up to 1. The first that holds at an instant owns it, in this order.
struct Shares {
  double compute = 0;
  double copy = 0;
  double data_wait = 0;
  double sync = 0;
  double launch = 0;
  double other = 0;

  double stall() const { return 1 - compute; }
};

// Iterations [first, last) and the time from the end of iteration first-1 (on the device, or main without a device
// timeline) to the end of iteration last-1. `steady` is false when fewer than 20 steps followed start-up and priming,
// and the window is then the whole run.
struct SteadyWindow {
  int64_t first = 0, last = 0;
  int64_t begin_ns = 0, end_ns = 0;
  bool steady = false;

  int64_t steps() const { return last - first; }
};

// Mean cost of one stage per sample, over the steady window.
struct StageSummary {
  std::string name;
  double wall_ms = 0, cpu_ms = 0, run_queue_ms = 0;
  double io_ms = 0;                     // waits of a stage that read bytes or is called "read"
  double blocked_ms = 0;                // other waits: locks, sleep, unknown
  double bytes = 0, storage_bytes = 0;  // read, and of that fetched from storage, as StageCost
};

struct RunSummary {
  SteadyWindow window;
  int64_t steps = 0, samples = 0;
  double wall_s = 0, startup_s = 0;
  std::optional<double> epoch_edge_ms;  // mean cost of an epoch's end beyond a usual step; only for runs with epochs
  double step_ms_median = 0, step_ms_p90 = 0, step_ms_mean = 0;  // window / steps is the mean
  double throughput_per_s = 0;                                   // samples
  Shares shares;
  std::vector<StageSummary> stages;                                // sample stages, then "collate"
  std::optional<uint64_t> host_memory_bytes, device_memory_bytes;  // peaks
  // Cores that other programs kept busy on the machine; absent for runs of less than half a second.
  std::optional<double> other_cores;
};

SteadyWindow FindSteadyWindow(const RunRecord& run);
RunSummary Summarize(const RunRecord& run);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_RUN_SUMMARY_H_
