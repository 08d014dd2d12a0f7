#include "traces/outcome.h"

namespace stallpoint {

const char* OutcomeName(trace::Outcome outcome) {
  switch (outcome) {
    case trace::OUTCOME_OK:
      return "ok";
    case trace::OUTCOME_FAILED:
      return "failed";
    case trace::OUTCOME_OUT_OF_MEMORY:
      return "out-of-memory";
    case trace::OUTCOME_CRASHED:
      return "crashed";
    case trace::OUTCOME_TIMED_OUT:
      return "timed-out";
    case trace::OUTCOME_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

}  // namespace stallpoint
