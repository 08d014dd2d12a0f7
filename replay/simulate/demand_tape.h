// The samples that every simulated setting meets, in the order of the sampler.
//
// A row is the demand of one whole sample: its phases in order, each a wait (storage, network, locks) followed by
// computing. The tape is a cyclic sequence of rows: first the recorded order, then rows drawn from the recorded ones by
// (seed, place). Every setting reads the same tape from the same place, so that settings differ by their knobs and not
// by their luck, and prefix sums make the demand of any batch O(1). Immutable after Build; any thread.
#ifndef STALLPOINT_REPLAY_SIMULATE_DEMAND_TAPE_H_
#define STALLPOINT_REPLAY_SIMULATE_DEMAND_TAPE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace stallpoint {

// Nanoseconds.
struct Demand {
  double wait = 0;  // neither computing nor waiting for a core
  double cpu = 0;   // computing, on a host of reference speed
  double read = 0;  // of `wait`: for storage, which reads may have to share

  double total() const { return wait + cpu; }
  Demand& operator+=(const Demand& other) {
    wait += other.wait;
    cpu += other.cpu;
    read += other.read;
    return *this;
  }
};

class DemandTape {
 public:
  // Waits shorter than this join the sample's longest wait: they cost an event each and change nothing.
  static constexpr double kShortWaitNs = 20e3;

  DemandTape() = default;

  // `rows`: whole samples, one entry per stage. `order`: the rows of the recorded sequence, which the tape begins with;
  // may be empty. `pool`: the rows drawn from afterwards, not empty. `length`: at least so many places.
  static DemandTape Build(const std::vector<std::vector<Demand>>& rows, absl::Span<const uint32_t> order,
                          absl::Span<const uint32_t> pool, uint64_t seed, size_t length);

  size_t length() const { return places_.size(); }
  // Places that hold the recorded order.
  size_t recorded_length() const { return recorded_length_; }
  bool has_waits() const { return has_waits_; }

  // Demand of `count` samples from `first` on; both may exceed the length, the tape is cyclic.
  Demand Sum(int64_t first, int64_t count) const {
    const size_t begin = Wrapped(first), end = begin + static_cast<size_t>(count);
    return end < prefix_.size() ? Between(begin, end) : SumAround(begin, static_cast<size_t>(count));
  }
  // Phases of the sample at a place, at least one; only the first may have no wait.
  absl::Span<const Demand> Phases(int64_t place) const {
    const uint32_t row = places_[Wrapped(place)];
    return absl::MakeConstSpan(phases_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }
  // Mean demand of the pool.
  const Demand& mean() const { return mean_; }

 private:
  size_t Wrapped(int64_t place) const {
    const size_t p = static_cast<size_t>(place);
    return p < places_.size() ? p : p % places_.size();
  }
  Demand Between(size_t begin, size_t end) const {
    const Demand &from = prefix_[begin], &to = prefix_[end];
    return {to.wait - from.wait, to.cpu - from.cpu, to.read - from.read};
  }
  Demand SumAround(size_t begin, size_t count) const;

  std::vector<Demand> phases_;     // of all rows
  std::vector<uint32_t> offsets_;  // row -> phases
  std::vector<uint32_t> places_;   // place -> row
  std::vector<Demand> prefix_;     // demand of all places before
  size_t recorded_length_ = 0;
  bool has_waits_ = false;
  Demand mean_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_DEMAND_TAPE_H_
