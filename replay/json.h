// The JSON of sweep, why and predictions: the published names, all keys always present, null where unknown.
#ifndef STALLPOINT_REPLAY_JSON_H_
#define STALLPOINT_REPLAY_JSON_H_

#include "nlohmann/json_fwd.hpp"
#include "replay/diagnosis.h"
#include "replay/prediction.h"
#include "replay/sweep.h"

namespace stallpoint {

// Whole documents, with `schema_version` and `stallpoint_version`.
nlohmann::ordered_json SweepJson(const SweepResult& result);
nlohmann::ordered_json DiagnosisJson(const Diagnosis& diagnosis);

// Pieces.
nlohmann::ordered_json PredictionJson(const Prediction& prediction);  // an element of `settings`
nlohmann::ordered_json SharesJson(const Shares& shares);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_JSON_H_
