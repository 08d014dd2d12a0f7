// The JSON of sweep, why and predictions: the published names, all keys always present, null where unknown.
#ifndef STALLPOINT_REPLAY_JSON_H_
#define STALLPOINT_REPLAY_JSON_H_

#include "nlohmann/json_fwd.hpp"
#include "replay/diagnose/diagnosis.h"
#include "replay/prediction.h"
#include "replay/search/advice.h"
#include "replay/search/sweep.h"

namespace stallpoint {

// Whole documents, with `schema_version` and `stallpoint_version`.
nlohmann::ordered_json SweepJson(const SweepResult& result);
// The same keys; `settings` are those that were weighed, and `search` says how they were found. `search.stopped` and
// `search.live_runs` are the caller's to fill: null and empty.
nlohmann::ordered_json AdviceJson(const Advice& advice);
nlohmann::ordered_json DiagnosisJson(const Diagnosis& diagnosis);

// Pieces.
nlohmann::ordered_json PredictionJson(const Prediction& prediction);  // an element of `settings`
nlohmann::ordered_json SharesJson(const Shares& shares);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_JSON_H_
