// The causes that a recorded run can show, one function each. A function returns nothing when its cause is not there.
//
// Pure functions of a Case; any thread.
#ifndef STALLPOINT_REPLAY_DIAGNOSE_CAUSES_H_
#define STALLPOINT_REPLAY_DIAGNOSE_CAUSES_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "replay/diagnose/diagnosis.h"
#include "replay/predict/predictor.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"

namespace stallpoint {

// The stage behind a wait for data, by what was measured.
struct StageFinding {
  const StageSummary* stage = nullptr;  // of the case's summary; null when no stage was recorded
  Wait wait = Wait::kNone;
};

struct Case {
  const RunRecord& run;
  const Predictor* predictor;  // may be null
  double threshold;
  RunSummary summary;
  double cores_busy = 0;  // share of the usable cores that computed, in the window
  // Workers waited for cores although the run left cores free: something else was running.
  bool disturbed = false;
  bool waits_for_each_step = false;  // main waited for the device after every step
  std::optional<Prediction> model;   // of the recorded setting

  double stall() const { return summary.shares.stall(); }
  bool stalled() const { return stall() > threshold; }
  // Smaller shares of the time are not worth a cause.
  double least_share() const { return std::max(0.02, threshold / 2); }
  bool cores_full() const { return cores_busy >= 0.85; }
};

Case Examine(const RunRecord& run, const Predictor* predictor, double threshold);
// With the cores full the stage that computes most, else the one that takes longest. Points into the case.
StageFinding FindSlowestStage(const Case& c);

std::optional<Cause> FindCorruptSample(const Case& c);
std::optional<Cause> FindMemoryGrowth(const Case& c);
std::optional<Cause> FindDeviceMemoryGrowth(const Case& c);
std::optional<Cause> FindNanLoss(const Case& c);
std::optional<Cause> FindSlowStart(const Case& c);
std::optional<Cause> FindSlowInput(const Case& c);
std::optional<Cause> FindTooManyWorkers(const Case& c);
std::optional<Cause> FindWorkerRespawn(const Case& c);
std::optional<Cause> FindSyncEachStep(const Case& c);
std::optional<Cause> FindSmallBatches(const Case& c);

// A setting that was searched for: the nearest that frees, else the best.
struct Found {
  Prediction prediction;
  bool frees = false;
};

// More workers, then more prefetch, then both, up to so many workers and 8 batches each. Nothing when no setting is
// worth a change.
std::optional<Found> SearchLoaderFix(const Predictor& predictor, int32_t most_workers, double threshold);
// Fewest workers within 2 % of the best step time, up to the recorded number.
Prediction FewestWorkersAsFast(const Predictor& predictor);

// What to change of a run that ran out of memory and did not grow: the nearest smaller setting expected to fit.
std::string MemoryAdvice(const Case& c);

// From the recorded setting. REQUIRES: a predictor, and so a model.
Fix MakeFix(const Case& c, const Prediction& to);
// The flag of the program for a knob: "worker_count" is "--workers".
std::string FlagOf(const std::string& knob);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_DIAGNOSE_CAUSES_H_
