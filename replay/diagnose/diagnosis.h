// Why a run is slow: ranked causes with evidence, and the setting that removes the first.
//
// Reads what was measured; the `--set` options of a run are never looked at. A cause is checked by simulation: it is
// removed and what is left is the claim.
#ifndef STALLPOINT_REPLAY_DIAGNOSE_DIAGNOSIS_H_
#define STALLPOINT_REPLAY_DIAGNOSE_DIAGNOSIS_H_

#include <optional>
#include <string>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/prediction.h"
#include "traces/run_record.h"

namespace stallpoint {

struct Fix {
  std::string knob;  // a key of `knobs`
  std::string from, to;
  double expected_step_ms = 0, low = 0, high = 0;
  Gain throughput_gain;
  Knobs knobs;  // the whole setting, for a live run
};

struct Cause {
  std::string id;    // a slug of the table of causes ("slow-input")
  double share = 0;  // of the window's time that it costs
  std::vector<std::string> evidence;
  std::optional<Fix> fix;
  std::string advice;  // what to do when no knob removes it, or besides
};

struct Diagnosis {
  std::string verdict;  // a short phrase: "data-starved: read", "healthy"
  Bound bound = Bound::kCompute;
  std::string stage;
  Wait wait = Wait::kNone;
  double stall_share = 0;
  bool healthy = false;
  std::vector<Cause> causes;
  // The three lines a person reads.
  std::vector<std::string> lines;
};

// `predictor` may be null when the run was too short to fit a model: the diagnosis then names no setting.
Diagnosis Diagnose(const RunRecord& run, const Predictor* predictor, double threshold);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_DIAGNOSE_DIAGNOSIS_H_
