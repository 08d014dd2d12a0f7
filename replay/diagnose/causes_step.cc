// Causes on the side of the training step, and those that end a run or keep it from beginning.
#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "fmt/core.h"
#include "replay/diagnose/causes.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// Mean time from the end of a step on the device to the start of the next.
double IdleAfterStepMs(const Case& c) {
  double idle = 0, steps = 0;
  for (int64_t i = std::max<int64_t>(1, c.summary.window.first); i < c.summary.window.last; ++i) {
    const IterationRecord& before = c.run.iterations[i - 1];
    const IterationRecord& it = c.run.iterations[i];
    if (before.device_end_ns < 0 || it.device_begin_ns < 0) continue;
    idle += static_cast<double>(std::max<int64_t>(0, it.device_begin_ns - before.device_end_ns)) / kNsPerMs;
    ++steps;
  }
  return steps > 0 ? idle / steps : 0;
}

}  // namespace

std::optional<Cause> FindCorruptSample(const Case& c) {
  if (c.run.outcome != "failed") return std::nullopt;
  const std::string message = absl::AsciiStrToLower(c.run.outcome_message);
  bool matches = false;
  for (const char* word :
       {"decode", "corrupt", "undecodable", "truncated", "not an image", "bad sample", "premature end"}) {
    matches |= absl::StrContains(message, word);
  }
  if (!matches) return std::nullopt;
  Cause cause;
  cause.id = "corrupt-sample";
  cause.share = 1;
  cause.evidence.push_back(c.run.outcome_message);
  cause.advice = "Remove or repair the named file, or leave such samples out with --set on_bad_sample=skip.";
  return cause;
}

std::optional<Cause> FindNanLoss(const Case& c) {
  const auto first = std::find_if(c.run.iterations.begin(), c.run.iterations.end(), [](const IterationRecord& it) {
    return it.loss.has_value() && !std::isfinite(*it.loss);
  });
  if (first == c.run.iterations.end()) return std::nullopt;
  int64_t bad = 0, all = 0;
  std::optional<double> before;
  for (const IterationRecord& it : c.run.iterations) {
    if (!it.loss) continue;
    ++all;
    bad += std::isfinite(*it.loss) ? 0 : 1;
    if (it.index < first->index && std::isfinite(*it.loss)) before = *it.loss;
  }
  Cause cause;
  cause.id = "nan-loss";
  cause.evidence.push_back(fmt::format("the loss is {} at step {}{}, and not finite in {} of {} steps",
                                       std::isnan(*first->loss) ? "NaN" : "infinite", first->index,
                                       before ? fmt::format(", after {:.4g} before it", *before) : "", bad, all));
  cause.advice =
      "Look at the data of that step; lower the learning rate, clip gradients, or keep the loss in full precision.";
  return cause;
}

std::optional<Cause> FindSlowStart(const Case& c) {
  constexpr double kLongS = 20, kLongPart = 0.25;
  const bool no_step = c.summary.window.steps() == 0;
  const double startup_s = no_step ? c.summary.wall_s : c.summary.startup_s;
  if (startup_s < kLongS || startup_s < kLongPart * c.summary.wall_s) return std::nullopt;
  Cause cause;
  cause.id = "slow-start";
  cause.share = c.summary.wall_s > 0 ? startup_s / c.summary.wall_s : 0;
  cause.evidence.push_back(
      no_step ? fmt::format("no step began in {:.1f} s", startup_s)
              : fmt::format("the first step began after {:.1f} s of {:.1f} s", startup_s, c.summary.wall_s));
  for (const PhaseSpan& phase : c.run.phases) {
    if (phase.name == "train" || phase.name == "shutdown") continue;
    cause.evidence.push_back(
        fmt::format("{} took {:.1f} s", phase.name, static_cast<double>(phase.end_ns - phase.begin_ns) / 1e9));
  }
  cause.advice = "Index the data once and keep the index; start with fewer workers; build the model before the loader.";
  return cause;
}

std::optional<Cause> FindSyncEachStep(const Case& c) {
  if (!c.waits_for_each_step || !c.stalled() || c.predictor == nullptr || !c.model) return std::nullopt;
  const Prediction freed = c.predictor->PredictWithout(c.predictor->recorded(), Predictor::Without::kSyncEachStep);
  const double share = 1 - freed.step_ms / c.model->step_ms;
  if (share < c.least_share()) return std::nullopt;
  Cause cause;
  cause.id = "sync-each-step";
  cause.share = share;
  cause.evidence.push_back(
      fmt::format("main waits for the device after every step, and the device is idle {:.3g} ms before "
                  "the next one",
                  IdleAfterStepMs(c)));
  cause.evidence.push_back(fmt::format("without that wait a step takes {:.3g} ms instead of {:.3g} ms (simulated)",
                                       freed.step_ms, c.model->step_ms));
  if (c.run.knobs.steps_in_flight <= 1) {
    Knobs two = c.predictor->recorded();
    two.steps_in_flight = 2;
    cause.fix = MakeFix(c, c.predictor->Predict(two));
    cause.advice = "Let main run ahead of the device by a step.";
  } else {
    cause.advice =
        "The training loop asks for a result of every step (.item(), printing the loss, copying to the host): ask "
        "every "
        "hundredth step, or keep results on the device.";
  }
  return cause;
}

std::optional<Cause> FindSmallBatches(const Case& c) {
  double share = c.summary.shares.launch;
  if (!c.stalled() || share < c.least_share() || c.predictor == nullptr) return std::nullopt;
  if (c.waits_for_each_step) {
    const Prediction freed = c.predictor->PredictWithout(c.predictor->recorded(), Predictor::Without::kSyncEachStep);
    share = std::min(share, freed.shares.launch);
    if (share < c.least_share()) return std::nullopt;
  }
  Cause cause;
  cause.id = "batch-size";
  cause.share = share;
  const double device_ms = c.summary.step_ms_mean * c.summary.shares.compute;
  cause.evidence.push_back(fmt::format(
      "the device is idle {:.1f} % of the time while main issues work: {:.3g} ms of a step of {:.3g} ms, the device "
      "computes {:.3g} ms",
      share * 100, share * c.summary.step_ms_mean, c.summary.step_ms_mean, device_ms));
  Knobs larger = c.predictor->recorded();
  for (int doubling = 0; doubling < 6; ++doubling) {
    larger.batch_size *= 2;
    const Prediction p = c.predictor->Predict(larger);
    if (p.bound == Bound::kMemory) break;
    if (p.shares.launch > c.least_share()) continue;
    cause.fix = MakeFix(c, p);
    break;
  }
  cause.advice =
      "Issue fewer, larger pieces of work: a larger batch (which changes the training), fused operators, or a captured "
      "graph.";
  return cause;
}

}  // namespace stallpoint
