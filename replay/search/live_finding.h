// What a live run of a setting came to, as evidence about the model that was fitted with it.
#ifndef STALLPOINT_REPLAY_SEARCH_LIVE_FINDING_H_
#define STALLPOINT_REPLAY_SEARCH_LIVE_FINDING_H_

#include "replay/predict/predictor.h"
#include "replay/prediction.h"
#include "traces/run_record.h"

namespace stallpoint {

// What repeated live runs differ by where the host is not the reason, as a standard deviation: 0 to 2 %
// (tools/bench/predict, "told").
inline constexpr double kUsualNoise = 0.02;

struct LiveFinding {
  enum class Kind { kThroughput, kOutOfMemory, kFailed };
  Knobs knobs;
  Kind kind = Kind::kThroughput;
  // Of kThroughput: times as many samples a second as predicted for that very run, as fast as its host was.
  double faster = 1;
  double noise = kUsualNoise;  // of it, standard
};

// Those under which the run was made, from its first step on; nothing found out of it.
RunConditions ConditionsOf(const RunRecord& run);

// Of a run that ended well and has steps. How fast the host computed in it is taken out where the run is long enough to
// tell, and is noise where it is not.
LiveFinding FindingOf(const Predictor& predictor, const RunRecord& live);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_LIVE_FINDING_H_
