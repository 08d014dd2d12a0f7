// What a run keeps of every sample: a series that goes on growing once the pipeline is full.
//
// Pure function; any thread.
#ifndef STALLPOINT_TRACES_GROWTH_H_
#define STALLPOINT_TRACES_GROWTH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "traces/run_record.h"

namespace stallpoint {

struct Growth {
  double first = 0, halfway = 0, last = 0;  // readings, in the series' unit
  int64_t samples = 0;                      // loaded between the first and the last, at least 1

  double added() const { return last - first; }
  double per_sample() const { return added() / static_cast<double>(samples); }
  // Whether it still grew in the second half, and not in the first alone, as what warms up does.
  bool goes_on() const { return last - halfway >= added() / 4; }
};

// From the first reading after as many batches as are in flight at a time, when buffers, workers and what the first
// steps leave have come to their size, to the last one before all was loaded, when a run begins to give back. Absent
// without two readings that samples were loaded between.
std::optional<Growth> MeasureGrowth(const RunRecord& run, const std::string& series);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_GROWTH_H_
