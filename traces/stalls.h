// The times in which the device did not compute, each with what it waited for.
//
// Pure functions of a RunRecord; any thread.
#ifndef STALLPOINT_TRACES_STALLS_H_
#define STALLPOINT_TRACES_STALLS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "traces/run_record.h"
#include "traces/timeline.h"

namespace stallpoint {

// The stage that took most of one batch's loading, and what it did meanwhile: "cpu" (computed or waited for a core),
// "io" (waited, and reads bytes) or "blocked" (waited for something else). Empty texts: the batch's stages were not
// recorded.
struct LoadCause {
  std::string stage;
  std::string wait;
};

// One per batch of the run.
std::vector<LoadCause> FindLoadCauses(const RunRecord& run);

struct Stall {
  Owner owner = Owner::kOther;  // kCopy, kDataWait, kSync, kLaunch or kOther
  int64_t begin_ns = 0, end_ns = 0;
  int64_t iteration = 0;  // the one whose step the device did not have yet
};

// All stalls from the first recorded instant of the iterations to the end of the last, in order.
void ForEachStall(const RunRecord& run, absl::FunctionRef<void(const Stall&)> take);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_STALLS_H_
