// Recorded times that contradict the order in which things depend on each other are refused, not simulated.
#include <algorithm>

#include "fmt/core.h"
#include "replay/fit/run_costs.h"

namespace stallpoint {
namespace {

// A thread may be set aside by the scheduler between the act and its time stamp.
constexpr int64_t kToleranceNs = 500'000'000;

absl::Status Refused(const std::string& what, int64_t first_ns, int64_t second_ns) {
  return absl::InvalidArgumentError(
      fmt::format("{} ({} ns against {} ns): these recorded times cannot be; record again, "
                  "or leave this run out",
                  what, first_ns, second_ns));
}

absl::Status CheckInterval(const char* what, int64_t index, int64_t begin_ns, int64_t end_ns) {
  if (begin_ns < 0 || end_ns < 0 || begin_ns <= end_ns) return absl::OkStatus();
  return Refused(fmt::format("{} {} ends before it begins", what, index), end_ns, begin_ns);
}

absl::Status CheckIteration(const RunRecord& run, const IterationRecord& it) {
  const struct {
    const char* what;
    int64_t begin_ns, end_ns;
  } intervals[] = {{"the wait for batch", it.wait_begin_ns, it.wait_end_ns},
                   {"the receipt of batch", it.receive_begin_ns, it.receive_end_ns},
                   {"the copy of batch", it.copy_begin_ns, it.copy_end_ns},
                   {"the launch of step", it.launch_begin_ns, it.launch_end_ns},
                   {"the wait for step", it.sync_begin_ns, it.sync_end_ns},
                   {"on the device, step", it.device_begin_ns, it.device_end_ns}};
  for (const auto& interval : intervals) {
    if (auto status = CheckInterval(interval.what, it.index, interval.begin_ns, interval.end_ns); !status.ok()) {
      return status;
    }
  }
  if (it.device_begin_ns >= 0 && it.launch_begin_ns >= 0 && it.device_begin_ns + kToleranceNs < it.launch_begin_ns) {
    return Refused(fmt::format("step {} began on the device before it was issued", it.index), it.device_begin_ns,
                   it.launch_begin_ns);
  }
  if (it.launch_begin_ns >= 0 && it.wait_end_ns > it.launch_begin_ns + kToleranceNs) {
    return Refused(fmt::format("step {} was issued before its batch was there", it.index), it.launch_begin_ns,
                   it.wait_end_ns);
  }
  if (it.index >= static_cast<int64_t>(run.batches.size())) return absl::OkStatus();
  const BatchRecord& batch = run.batches[it.index];
  if (batch.index < 0 || batch.load_begin_ns < 0 || !run.knobs.in_order) return absl::OkStatus();
  if (it.wait_end_ns >= 0 && it.wait_end_ns < batch.load_begin_ns) {
    return Refused(fmt::format("batch {} was received before its load began", it.index), it.wait_end_ns,
                   batch.load_begin_ns);
  }
  if (it.wait_end_ns >= 0 && it.wait_end_ns + kToleranceNs < batch.load_end_ns) {
    return Refused(fmt::format("batch {} was received before it was loaded", it.index), it.wait_end_ns,
                   batch.load_end_ns);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDependencies(const RunRecord& run) {
  if (auto status = Validate(run.knobs); !status.ok()) return status;
  if (!(run.usable_cores > 0)) {
    return absl::InvalidArgumentError(fmt::format("the trace says that the run had {} cores", run.usable_cores));
  }
  if (run.sample_costs.size() != run.samples.size() * run.sample_stages.size()) {
    return absl::InvalidArgumentError(fmt::format("the trace holds {} stage costs for {} samples of {} stages",
                                                  run.sample_costs.size(), run.samples.size(),
                                                  run.sample_stages.size()));
  }
  for (const BatchRecord& batch : run.batches) {
    if (batch.index < 0) continue;
    if (auto status = CheckInterval("the load of batch", batch.index, batch.load_begin_ns, batch.load_end_ns);
        !status.ok()) {
      return status;
    }
    if (batch.samples < 0 || batch.worker >= std::max(1, run.knobs.worker_count)) {
      return absl::InvalidArgumentError(fmt::format("batch {} has {} samples and worker {}, of {} workers", batch.index,
                                                    batch.samples, batch.worker, run.knobs.worker_count));
    }
  }
  for (const IterationRecord& it : run.iterations) {
    if (it.index < 0) continue;
    if (auto status = CheckIteration(run, it); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace stallpoint
