// Causes on the way of the data: loading too slow, too many workers, workers started anew each epoch.
#include <algorithm>
#include <cmath>

#include "fmt/core.h"
#include "replay/diagnose/cached_data.h"
#include "replay/diagnose/causes.h"
#include "replay/diagnose/probe_evidence.h"
#include "replay/fit/run_costs.h"
#include "replay/search/recommend.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

struct LoadTimes {
  double batch_ms = 0;      // one worker, one batch
  double run_queue_ms = 0;  // of it
  double device_ms = 0;     // the device, one step
};

LoadTimes MeasureLoad(const Case& c) {
  LoadTimes times;
  const SteadyWindow& window = c.summary.window;
  double batches = 0, steps = 0;
  for (int64_t i = window.first; i < window.last; ++i) {
    const IterationRecord& it = c.run.iterations[i];
    if (it.device_end_ns > it.device_begin_ns && it.device_begin_ns >= 0) {
      times.device_ms += static_cast<double>(it.device_end_ns - it.device_begin_ns) / kNsPerMs;
      ++steps;
    }
    if (i >= static_cast<int64_t>(c.run.batches.size()) || c.run.batches[i].load.wall_ns <= 0) continue;
    times.batch_ms += static_cast<double>(c.run.batches[i].load.wall_ns) / kNsPerMs;
    times.run_queue_ms += static_cast<double>(c.run.batches[i].load.run_queue_ns) / kNsPerMs;
    ++batches;
  }
  if (batches > 0) {
    times.batch_ms /= batches;
    times.run_queue_ms /= batches;
  }
  times.device_ms = steps > 0 ? times.device_ms / steps : c.summary.step_ms_mean * c.summary.shares.compute;
  return times;
}

// Share of the window that the ends of epochs cost.
double EdgeShare(const Case& c) {
  const SteadyWindow& window = c.summary.window;
  const double length_ms = static_cast<double>(window.end_ns - window.begin_ns) / kNsPerMs;
  if (!c.summary.epoch_edge_ms || length_ms <= 0) return 0;
  double edges = 0;
  for (int64_t i = std::max<int64_t>(1, window.first); i < window.last; ++i) {
    if (i >= static_cast<int64_t>(c.run.batches.size())) break;
    if (c.run.batches[i].index >= 0 && c.run.batches[i].epoch != c.run.batches[i - 1].epoch) ++edges;
  }
  return std::clamp(*c.summary.epoch_edge_ms * edges / length_ms, 0.0, 1.0);
}

void DescribeStage(const StageFinding& slowest, Cause* cause) {
  if (slowest.stage == nullptr) return;
  const StageSummary& s = *slowest.stage;
  constexpr double kWorthSaying = 0.01;  // of the stage's time
  std::string parts;
  const auto add = [&](double ms, const char* what) {
    if (ms < kWorthSaying * s.wall_ms) return;
    parts += fmt::format("{}{:.3g} ms {}", parts.empty() ? "" : ", ", ms, what);
  };
  add(s.cpu_ms, "computing");
  add(s.io_ms, "waiting for storage");
  add(s.blocked_ms, "blocked");
  add(s.run_queue_ms, "waiting for a core");
  cause->evidence.push_back(fmt::format("{} takes {:.3g} ms per sample: {}", s.name, s.wall_ms, parts));
}

std::optional<double> StorageLimit(const Case& c) {
  return c.predictor != nullptr ? c.predictor->StorageStreams() : std::nullopt;
}

// Whether a fix rests on reads that overlap more than any that were recorded.
bool ReadsUnseen(const Case& c, const std::optional<Found>& found) {
  if (c.predictor == nullptr || !found) return false;
  const std::optional<double> seen = c.predictor->ReadsSeen();
  return seen && found->prediction.knobs.worker_count > *seen;
}

// More memory is worth it where workers do not free the device, and it is faster than they are.
bool IsBetterFix(const Prediction& roomier, const std::optional<Found>& found, const Case& c) {
  constexpr double kWorthIt = 0.05;
  if (found && found->frees) return false;
  const double before = found ? found->prediction.step_ms : c.model->step_ms;
  return roomier.step_ms < (1 - kWorthIt) * before;
}

std::string LoaderAdvice(const Case& c, const StageFinding& slowest, const std::optional<Found>& found,
                         double edge_share) {
  const std::string stage = slowest.stage != nullptr ? slowest.stage->name : "loading";
  std::string advice;
  if (slowest.wait == Wait::kCpu) {
    const bool no_longer_binds = found && found->prediction.shares.data_wait < c.least_share();
    if (!(found && found->frees) && !no_longer_binds) {
      const char* state = c.cores_full() ? "full" : c.disturbed ? "shared with other work" : "full at the best setting";
      advice = fmt::format(
          "{} is CPU-bound and {:.3g} cores are {}: more workers than cores will not help. Make {} cheaper (smaller "
          "inputs, "
          "a faster decoder, results kept from an earlier pass) or give the run more cores.",
          stage, c.run.usable_cores, state, stage);
    } else {
      advice = fmt::format("{} is CPU-bound: workers up to the number of cores compute side by side.", stage);
      if (!found->frees) {
        advice += fmt::format(" With {} it is no longer loading that the device waits for, but {}.",
                              found->prediction.knobs.worker_count, Name(found->prediction.bound));
      }
    }
  } else if (slowest.wait == Wait::kIo && StorageLimit(c)) {
    advice = fmt::format(
        "{} waits for storage that serves {:.2g} reads at a time: workers beyond that wait for each other. Faster or "
        "local storage, a copy in memory, or smaller reads raise the limit.",
        stage, *StorageLimit(c));
  } else if (slowest.wait == Wait::kIo) {
    advice = fmt::format(
        "{} waits for storage: more workers overlap the waits; faster or local storage, or fewer and larger reads, "
        "shorten "
        "them.",
        stage);
    if (ReadsUnseen(c, found)) {
      advice += fmt::format(
          " No more than {:.2g} at a time were read: whether storage serves more as fast shows record --calibrate.",
          *c.predictor->ReadsSeen());
    }
  } else {
    advice =
        fmt::format("{} waits without computing or reading: look for locks, sleeps or a remote service in it.", stage);
  }
  if (edge_share >= c.least_share()) {
    advice += fmt::format(
        " The end of every pass costs {:.1f} ms ({:.1f} % of the time), because the loader drains and begins anew: "
        "longer "
        "passes, or an endless sampler, avoid it.",
        *c.summary.epoch_edge_ms, edge_share * 100);
  }
  return advice;
}

// A worker whose core is slower than the others', which wait for it; empty where none is, or none waits.
std::string SlowestWorker(const Case& c) {
  constexpr double kMuch = 0.04;
  const Knobs& knobs = c.run.knobs;
  if (!knobs.in_order || knobs.worker_count >= c.run.usable_cores) return "";
  const std::vector<double> slowness = WorkerSlowness(c.run);
  const auto slowest = std::max_element(slowness.begin(), slowness.end());
  if (slowest == slowness.end() || *slowest < 1 + kMuch) return "";
  std::string seen = fmt::format(
      "worker {} computes {:.0f} % longer than all of them do for the same work, its core is slower; in order, batches "
      "come at its pace",
      slowest - slowness.begin(), (*slowest - 1) * 100);
  if (c.predictor != nullptr) {
    Knobs as_ready = c.predictor->recorded();
    as_ready.in_order = false;
    seen += fmt::format("; as they are ready (--in-order 0), a step would take {:.3g} ms (simulated)",
                        c.predictor->Predict(as_ready).step_ms);
  }
  return seen;
}

}  // namespace

std::optional<Cause> FindSlowInput(const Case& c) {
  const double share = c.summary.shares.data_wait;
  if (!c.stalled() || share < c.least_share()) return std::nullopt;
  // Where a step waits for the one before it, main reaches the batch late, and that is another cause.
  if (c.predictor != nullptr && c.waits_for_each_step && c.run.knobs.worker_count > 0) {
    const Prediction freed = c.predictor->PredictWithout(c.predictor->recorded(), Predictor::Without::kSyncEachStep);
    if (freed.shares.data_wait < c.least_share() / 2) return std::nullopt;
  }
  Cause cause;
  cause.id = "slow-input";
  cause.share = share;
  const StageFinding slowest = FindSlowestStage(c);
  const LoadTimes times = MeasureLoad(c);
  const double edge_share = EdgeShare(c);
  cause.evidence.push_back(
      fmt::format("the device waits for data {:.1f} % of the time: a step takes {:.3g} ms, of which it "
                  "computes {:.3g} ms",
                  share * 100, c.summary.step_ms_mean, c.summary.step_ms_mean * c.summary.shares.compute));
  DescribeStage(slowest, &cause);
  if (slowest.wait == Wait::kIo) {
    if (std::string cached = CacheEvidence(c); !cached.empty()) cause.evidence.push_back(cached);
  }
  if (times.batch_ms > 0 && times.device_ms > 0) {
    cause.evidence.push_back(
        fmt::format("a batch takes {} {:.3g} ms; to give the device one every {:.3g} ms takes {:.1f} of them at once, "
                    "and there {} {}",
                    c.run.knobs.worker_count > 0 ? "a worker" : "the main thread", times.batch_ms, times.device_ms,
                    times.batch_ms / times.device_ms, c.run.knobs.worker_count == 1 ? "is" : "are",
                    c.run.knobs.worker_count > 0 ? std::to_string(c.run.knobs.worker_count) : "no workers"));
  }
  cause.evidence.push_back(
      fmt::format("the run keeps {:.3g} cores {:.0f} % busy", c.run.usable_cores, c.cores_busy * 100));
  if (slowest.wait == Wait::kCpu) {
    if (std::string seen = SlowestWorker(c); !seen.empty()) cause.evidence.push_back(seen);
  }
  if (slowest.wait == Wait::kIo) {
    if (std::string seen = StorageEvidence(c.run, c.summary.window); !seen.empty()) cause.evidence.push_back(seen);
    if (const auto streams = StorageLimit(c)) {
      cause.evidence.push_back(fmt::format(
          "with more than {:.2g} reads at a time each takes longer (runs with other workers, fitted)", *streams));
    }
  }
  if (c.disturbed) {
    cause.evidence.push_back(
        fmt::format("its workers waited {:.3g} ms a batch for a core although the run left cores free: something else "
                    "was running on this "
                    "machine",
                    times.run_queue_ms));
  }
  if (edge_share >= c.least_share()) {
    cause.evidence.push_back(fmt::format("the ends of passes cost {:.1f} % of the time", edge_share * 100));
  }
  std::optional<Found> found;
  if (c.predictor != nullptr) {
    const Prediction freed = c.predictor->PredictWithout(c.predictor->recorded(), Predictor::Without::kLoading);
    cause.evidence.push_back(
        fmt::format("with loading that costs nothing a step would take {:.3g} ms (simulated)", freed.step_ms));
    found = SearchLoaderFix(*c.predictor, MostWorkers(c.run.usable_cores), c.threshold);
    // Beyond the cores, a gain that frees nothing is taken from whatever else runs there.
    if (found && !found->frees && slowest.wait == Wait::kCpu) {
      const auto cores = static_cast<int32_t>(c.run.usable_cores);
      found = c.run.knobs.worker_count >= cores ? std::nullopt : SearchLoaderFix(*c.predictor, cores, c.threshold);
    }
    const std::optional<Prediction> roomier = slowest.wait == Wait::kIo ? WithRoomForData(c) : std::nullopt;
    if (roomier && IsBetterFix(*roomier, found, c)) found = Found{*roomier, roomier->stall_share() <= c.threshold};
    if (found) cause.fix = MakeFix(c, found->prediction);
  }
  cause.advice = LoaderAdvice(c, slowest, found, edge_share);
  if (slowest.wait == Wait::kIo) cause.advice += CacheAdvice(c);
  if (found && !found->frees && found->prediction.knobs.host_limit_bytes == c.run.knobs.host_limit_bytes) {
    cause.advice +=
        fmt::format(" No number of workers frees the device: it would still be stalled {:.1f} % of the time.",
                    found->prediction.stall_share() * 100);
  }
  return cause;
}

std::optional<Cause> FindTooManyWorkers(const Case& c) {
  if (c.predictor == nullptr || !c.model || !c.stalled() || c.summary.shares.data_wait < c.least_share()) {
    return std::nullopt;
  }
  if (c.run.knobs.worker_count <= c.run.usable_cores) return std::nullopt;
  const LoadTimes times = MeasureLoad(c);
  constexpr double kCrowded = 0.4;
  if (times.batch_ms <= 0 || times.run_queue_ms < kCrowded * times.batch_ms) return std::nullopt;
  const Prediction fewer = FewestWorkersAsFast(*c.predictor);
  if (fewer.knobs.worker_count >= c.run.knobs.worker_count) return std::nullopt;
  Cause cause;
  cause.id = "too-many-workers";
  // Against the measured step: what the simulation does not know of crowding is in it as well.
  cause.share = std::clamp(1 - fewer.step_ms / std::max(c.model->step_ms, c.summary.step_ms_mean), 0.0, 1.0);
  cause.evidence.push_back(fmt::format(
      "{} workers share {:.3g} cores: of the {:.3g} ms that a batch takes a worker, {:.0f} % "
      "is waiting for a core",
      c.run.knobs.worker_count, c.run.usable_cores, times.batch_ms, times.run_queue_ms / times.batch_ms * 100));
  cause.evidence.push_back(fmt::format("{} workers are as fast or faster: {:.3g} ms a step, against {:.3g} ms measured",
                                       fewer.knobs.worker_count, fewer.step_ms, c.summary.step_ms_mean));
  cause.fix = MakeFix(c, fewer);
  cause.advice = "The cores are the limit: workers beyond them only take turns, and cost memory.";
  return cause;
}

std::optional<Cause> FindWorkerRespawn(const Case& c) {
  if (c.run.knobs.persistent_workers || c.run.knobs.worker_count == 0 || c.run.planned_epochs <= 1) return std::nullopt;
  if (c.predictor == nullptr || !c.model || !c.stalled()) return std::nullopt;
  Knobs kept = c.predictor->recorded();
  kept.persistent_workers = true;
  const Prediction p = c.predictor->Predict(kept);
  const double share = 1 - p.step_ms / c.model->step_ms;
  if (share < c.least_share()) return std::nullopt;
  Cause cause;
  cause.id = "worker-respawn";
  cause.share = share;
  if (c.summary.epoch_edge_ms) {
    cause.evidence.push_back(fmt::format("the end of an epoch costs {:.3g} ms beyond a usual step of {:.3g} ms",
                                         *c.summary.epoch_edge_ms, c.summary.step_ms_median));
  }
  cause.evidence.push_back(
      fmt::format("with workers that are kept a step takes {:.3g} ms instead of {:.3g} ms (simulated)", p.step_ms,
                  c.model->step_ms));
  cause.fix = MakeFix(c, p);
  cause.advice = "Keep the workers from one epoch to the next.";
  return cause;
}

}  // namespace stallpoint
