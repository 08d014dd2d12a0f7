// Where every instant of a training run went: the first that holds owns it, in the order of cli.md's shares.
//
// Pure functions of a RunRecord; any thread. Times are nanoseconds of the record.
#ifndef STALLPOINT_TRACES_TIMELINE_H_
#define STALLPOINT_TRACES_TIMELINE_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "traces/run_record.h"

namespace stallpoint {

enum class Owner {
  kOutside,   // validation, a checkpoint, start-up: no training
  kCompute,   // the device computes; without a device timeline, main issues the step
  kCopy,      // it only copies
  kDataWait,  // idle, main waits for a batch
  kSync,      // idle, main waits for the device
  kLaunch,    // idle, main takes over a batch or issues work
  kOther,
};
inline constexpr int kOwners = 7;

const char* Name(Owner owner);  // as in cli.md: "compute", "data_wait", ...

struct OwnedInterval {
  Owner owner = Owner::kOther;
  int64_t begin_ns = 0, end_ns = 0;
};

// Calls `take` for the intervals that cover [begin_ns, end_ns) in order; neighbours have different owners.
void ForEachOwned(const RunRecord& run, int64_t begin_ns, int64_t end_ns,
                  absl::FunctionRef<void(const OwnedInterval&)> take);

// Measures time with the phases that are no training left out. Holds its own data.
class TrainingClock {
 public:
  explicit TrainingClock(const RunRecord& run);
  // Nanoseconds of training in [begin_ns, end_ns); 0 when the end is not after the begin.
  int64_t Between(int64_t begin_ns, int64_t end_ns) const;

 private:
  int64_t OutsideBefore(int64_t time_ns) const;

  std::vector<OwnedInterval> outside_;   // disjoint, in order
  std::vector<int64_t> outside_before_;  // nanoseconds outside before each of them
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TIMELINE_H_
