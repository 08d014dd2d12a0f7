// What is lost of all cores while more threads can run than there are, as a share of the time they take.
//
// It differs with how many workers a core has: which threads wait on whose core, and whether sleepers fall into step. A
// Gaussian process over doublings of workers a core (Rasmussen and Williams, "Gaussian Processes for Machine Learning",
// ch. 2): a part that all counts have in common and one that only neighbours share. Plain data; any thread.
#ifndef STALLPOINT_REPLAY_FIT_CROWDING_H_
#define STALLPOINT_REPLAY_FIT_CROWDING_H_

#include <array>
#include <cstddef>

namespace stallpoint {

class Crowding {
 public:
  static constexpr double kLargestLoss = 0.5;

  // Before a run was seen: nothing is lost, give or take what is usual.
  Crowding();

  // Between 0 and the largest; of so many workers a core.
  double Loss(double workers_per_core) const;
  // Standard error of it.
  double Error(double workers_per_core) const;
  // A run with so many workers a core shows a value that is `slope` times the loss, give or take `error` (standard).
  // Returns how likely that was before: the logarithm of its density.
  double Observe(double workers_per_core, double slope, double value, double error);

 private:
  static constexpr size_t kKnots = 25;  // a quarter of a doubling apart, from one worker a core on

  static size_t KnotOf(double workers_per_core);

  std::array<double, kKnots> mean_ = {};
  std::array<std::array<double, kKnots>, kKnots> covariance_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_CROWDING_H_
