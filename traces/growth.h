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
  double scatter = 0;  // root mean square of what readings are off from the line between first and last

  double added() const { return last - first; }
  double per_sample() const { return added() / static_cast<double>(samples); }
  // Whether it still grew in the second half, and not in the first alone, as what warms up does, and by more than it
  // comes and goes by.
  bool goes_on() const { return last - halfway >= added() / 4 && added() >= 3 * scatter; }
};

// From the first reading after as many batches as are in flight at a time, when buffers, workers and what the first
// steps leave have come to their size, to the last one before all was loaded, when a run begins to give back. Absent
// without two readings that samples were loaded between.
std::optional<Growth> MeasureGrowth(const RunRecord& run, const std::string& series);

// Of what a device keeps between steps, or, where no more is known, of all that is in use: a GPU's, which an allocator
// takes in segments. From the first reading after the steps that are in flight at a time and one more.
std::optional<Growth> MeasureDeviceGrowth(const RunRecord& run);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_GROWTH_H_
