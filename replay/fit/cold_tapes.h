// The samples of a recorded run, read from storage more or less often than they were.
#ifndef STALLPOINT_REPLAY_FIT_COLD_TAPES_H_
#define STALLPOINT_REPLAY_FIT_COLD_TAPES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "replay/simulate/demand_tape.h"

namespace stallpoint {

// A sample is cold when it was fetched from storage and warm when the page cache had it. A tape for another share of
// cold samples lets some change: their reading stages become those of a drawn sample of the other state, and what they
// compute otherwise changes by a factor. A sample that
// is cold at one share is cold at every larger one.
//
// Tapes are made when they are first asked for and kept. Any thread.
class ColdTapes {
 public:
  struct Samples {
    std::vector<std::vector<Demand>> rows;  // whole samples, one entry a stage
    std::vector<bool> cold;                 // of each row
    std::vector<bool> reads;                // of each stage
    // Samples whose reading stages stand for the state; neither is empty.
    std::vector<std::vector<Demand>> like_cold, like_warm;
    double cold_slow = 1;  // what cold samples compute in the other stages, to what warm ones do
    // As DemandTape::Build.
    std::vector<uint32_t> order, pool;
    uint64_t seed = 0;
  };

  explicit ColdTapes(Samples samples);

  // The share is met to half a step of 1/64.
  const DemandTape& With(double cold_share) const;
  // With another share in the first so many samples, for a run of `samples`. Made anew each time.
  DemandTape WithFirstPass(double first_share, int64_t first_samples, double later_share, int64_t samples) const;

 private:
  static constexpr size_t kSteps = 64;

  std::vector<std::vector<Demand>> RowsWith(double cold_share) const;

  const Samples samples_;
  std::vector<uint32_t> coldest_first_;  // rows: the first ones are cold at every share but 0
  mutable std::mutex mutex_;
  mutable std::array<std::unique_ptr<DemandTape>, kSteps + 1> tapes_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_COLD_TAPES_H_
