// Where each instant of a simulated window went, by the definitions of the shares.
//
// An instant belongs to the first that holds: the device computes; main copies; main waits for a batch; main waits for
// the device; main takes over a batch or issues work. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_SIMULATE_ACCOUNTING_H_
#define STALLPOINT_REPLAY_SIMULATE_ACCOUNTING_H_

#include <cstdint>

#include "absl/types/span.h"
#include "replay/prediction.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

// Steps [first, last), from the end of step first-1 on the device to the end of step last-1.
struct SimulatedWindow {
  int64_t first = 0, last = 0;
  double begin_ns = 0, end_ns = 0;
  bool steady = false;
  // Steps that it would have had more, or fewer where negative, had workers neither loaded for later nor lived on what
  // they had.
  double owed = 0;

  double steps() const { return static_cast<double>(last - first) + owed; }
  double step_ns() const { return last > first ? (end_ns - begin_ns) / steps() : 0; }
};

// The steps after the first `primed` ones (at least one) when at least 20 are left, else all.
SimulatedWindow WindowOf(absl::Span<const StepTimes> steps, int64_t primed);

Shares SharesOf(const SimulationResult& result, const SimulatedWindow& window);

// The largest share besides compute when the stall passes the threshold, else kCompute.
Bound BoundOf(const Shares& shares, double threshold);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_ACCOUNTING_H_
