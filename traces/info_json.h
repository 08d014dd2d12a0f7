// The JSON of `info`: the figures of one run under the names that others script against. All keys are always present.
#ifndef STALLPOINT_TRACES_INFO_JSON_H_
#define STALLPOINT_TRACES_INFO_JSON_H_

#include "nlohmann/json_fwd.hpp"
#include "traces/run_record.h"

namespace stallpoint {

// Of the main run.
nlohmann::ordered_json InfoJson(const TraceContents& contents);
// Of one of `contents.runs`.
nlohmann::ordered_json InfoJson(const TraceContents& contents, const RunRecord& run);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_INFO_JSON_H_
