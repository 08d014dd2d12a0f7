#include <algorithm>
#include <cmath>

#include "replay/diagnose/causes.h"
#include "replay/search/decision.h"
#include "traces/device_spec.h"

namespace stallpoint {
namespace {

double CoresBusy(const RunRecord& run, const SteadyWindow& window) {
  const double length = static_cast<double>(window.end_ns - window.begin_ns) * run.usable_cores;
  if (length <= 0) return 0;
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(run.knobs.device);
  const bool on_host = spec.ok() && spec->kind == DeviceSpec::Kind::kCpu;
  const double threads = on_host ? std::max(1, run.knobs.intra_op_threads) : 0;
  double cpu = 0;
  for (int64_t i = window.first; i < window.last; ++i) {
    const IterationRecord& it = run.iterations[i];
    cpu += static_cast<double>(it.launch.cpu_ns + it.receive.cpu_ns) + threads * static_cast<double>(it.device.cpu_ns);
    if (i < static_cast<int64_t>(run.batches.size())) cpu += static_cast<double>(run.batches[i].load.cpu_ns);
  }
  return std::min(1.0, cpu / length);
}

bool WaitsForEachStep(const RunRecord& run, const SteadyWindow& window) {
  int64_t waits = 0, own = 0;
  for (int64_t i = window.first; i < window.last; ++i) {
    const IterationRecord& it = run.iterations[i];
    if (it.sync_begin_ns < 0 || it.device_end_ns < 0) continue;
    ++waits;
    if (it.sync_end_ns >= it.device_end_ns) ++own;
  }
  return waits >= 4 && own >= waits * 9 / 10;
}

// Loading waited for a core for a tenth of its time, and the run used less than half of the cores.
bool Disturbed(const RunRecord& run, const SteadyWindow& window, double cores_busy) {
  if (cores_busy >= 0.5) return false;
  double wall = 0, queued = 0;
  const int64_t last = std::min<int64_t>(window.last, static_cast<int64_t>(run.batches.size()));
  for (int64_t i = window.first; i < last; ++i) {
    wall += static_cast<double>(run.batches[i].load.wall_ns);
    queued += static_cast<double>(run.batches[i].load.run_queue_ns);
  }
  return queued > 0.1 * wall;
}

// What others made a stage wait says nothing of the stage.
StageFinding SlowestStage(const RunSummary& summary, bool cores_full, bool disturbed) {
  StageFinding finding;
  double longest = 0;
  for (const StageSummary& stage : summary.stages) {
    const double time = cores_full ? stage.cpu_ms : stage.wall_ms - (disturbed ? stage.run_queue_ms : 0);
    if (time > longest) {
      longest = time;
      finding.stage = &stage;
    }
  }
  if (finding.stage == nullptr) return finding;
  const StageSummary& stage = *finding.stage;
  if (stage.cpu_ms + (disturbed ? 0 : stage.run_queue_ms) >= stage.io_ms + stage.blocked_ms) {
    finding.wait = Wait::kCpu;
  } else {
    finding.wait = stage.io_ms >= stage.blocked_ms ? Wait::kIo : Wait::kBlocked;
  }
  return finding;
}

}  // namespace

Case Examine(const RunRecord& run, const Predictor* predictor, double threshold) {
  Case c{.run = run, .predictor = predictor, .threshold = threshold, .summary = Summarize(run)};
  c.cores_busy = CoresBusy(run, c.summary.window);
  c.disturbed = Disturbed(run, c.summary.window, c.cores_busy);
  c.waits_for_each_step = WaitsForEachStep(run, c.summary.window);
  if (predictor != nullptr) c.model = predictor->Predict(predictor->recorded());
  return c;
}

StageFinding FindSlowestStage(const Case& c) { return SlowestStage(c.summary, c.cores_full(), c.disturbed); }

std::string FlagOf(const std::string& knob) {
  const std::pair<const char*, const char*> flags[] = {{"worker_count", "--workers"},
                                                       {"prefetch_depth", "--prefetch"},
                                                       {"batch_size", "--batch"},
                                                       {"steps_in_flight", "--steps-in-flight"},
                                                       {"persistent_workers", "--persistent"},
                                                       {"host_limit_bytes", "--host-memory"}};
  for (const auto& [name, flag] : flags) {
    if (knob == name) return flag;
  }
  return knob;
}

Fix MakeFix(const Case& c, const Prediction& to) {
  const Knobs& from = c.predictor->recorded();
  Fix fix;
  const auto set = [&](const char* knob, const std::string& before, const std::string& after) {
    fix.knob = knob;
    fix.from = before;
    fix.to = after;
  };
  if (from.prefetch_depth != to.knobs.prefetch_depth) {
    set("prefetch_depth", std::to_string(from.prefetch_depth), std::to_string(to.knobs.prefetch_depth));
  }
  if (from.steps_in_flight != to.knobs.steps_in_flight) {
    set("steps_in_flight", std::to_string(from.steps_in_flight), std::to_string(to.knobs.steps_in_flight));
  }
  if (from.persistent_workers != to.knobs.persistent_workers) {
    set("persistent_workers", from.persistent_workers ? "true" : "false",
        to.knobs.persistent_workers ? "true" : "false");
  }
  if (from.batch_size != to.knobs.batch_size) {
    set("batch_size", std::to_string(from.batch_size), std::to_string(to.knobs.batch_size));
  }
  if (from.worker_count != to.knobs.worker_count) {
    set("worker_count", std::to_string(from.worker_count), std::to_string(to.knobs.worker_count));
  }
  if (from.host_limit_bytes != to.knobs.host_limit_bytes) {
    set("host_limit_bytes", std::to_string(from.host_limit_bytes), std::to_string(to.knobs.host_limit_bytes));
  }
  fix.expected_step_ms = to.step_ms;
  fix.low = to.step_ms_low;
  fix.high = to.step_ms_high;
  fix.throughput_gain = GainOf(*c.predictor, *c.model, to);
  fix.knobs = to.knobs;
  return fix;
}

}  // namespace stallpoint
