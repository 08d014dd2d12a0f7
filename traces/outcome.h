// How a run ended, in the words that every JSON and message uses.
#ifndef STALLPOINT_TRACES_OUTCOME_H_
#define STALLPOINT_TRACES_OUTCOME_H_

#include "traces/proto/trace.pb.h"

namespace stallpoint {

// "ok", "failed", "out-of-memory", "crashed", "timed-out", "cancelled"; "unknown" for a trace that is not closed.
const char* OutcomeName(trace::Outcome outcome);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_OUTCOME_H_
