// Cores that are not equally fast: for a second or so one thread computes faster than another because the hyper-thread
// beside it idles, or slower because others use its core. Delivered in order, batches come no faster than those of the
// slowest worker, and a thread that has nobody to share its luck with has all of it. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_FIT_UNEVEN_CORES_H_
#define STALLPOINT_REPLAY_FIT_UNEVEN_CORES_H_

#include <cstdint>
#include <vector>

namespace stallpoint {

// The logarithm of what a thread takes for the same work, about what all take, as a process whose correlation over a
// time t is exp(-t / lasts).
struct UnevenCores {
  double spread = 0;      // standard deviation at a time
  double lasts_ns = 1e9;  // positive

  // Standard deviation of what one thread takes in the mean over so long.
  double Over(double ns) const;

  // How many times as long as their mean each of so many workers computes, when what each takes is spread evenly: the
  // means of order statistics of a uniform distribution. Workers are ahead of each other by what lies ready, which
  // takes `ahead_ns` to load: what lasts less is made up for. Empty where all are alike: one worker, or none.
  std::vector<double> Slowness(int32_t workers, double ahead_ns) const;

  // The same in a run of a length, with the slowest worker so many of its standard errors slower than expected, and
  // that combined with `error`, the relative error that all threads have in common. Negative: faster.
  std::vector<double> SlownessAt(int32_t workers, double ahead_ns, double run_ns, double errors, double error) const;

  // No worker is faster.
  double Fastest() const;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_UNEVEN_CORES_H_
