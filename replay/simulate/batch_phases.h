// The phases of one batch on whoever loads it, each a wait followed by computing: those of its samples, then the
// batch's own. Computing with no wait in between is one phase, however many samples it is. Not thread-safe.
#ifndef STALLPOINT_REPLAY_SIMULATE_BATCH_PHASES_H_
#define STALLPOINT_REPLAY_SIMULATE_BATCH_PHASES_H_

#include <algorithm>
#include <cstdint>

#include "replay/simulate/simulator.h"

namespace stallpoint {

class BatchPhases {
 public:
  // All three outlive the walk. `slowness`: of whoever loads it.
  void Begin(const DemandTape& tape, const BatchWork& batch, const Scenario& scenario, double slowness) {
    tape_ = &tape;
    batch_ = &batch;
    wait_scale_ = scenario.scales.wait * scenario.scales.loading;
    cpu_scale_ = scenario.scales.cpu * scenario.scales.loading * slowness;
    delay_ = batch.delay_ns * scenario.scales.delay;
    delay_scale_ = scenario.scales.loading;
    left_ = batch.samples;
    grain_ = tape.has_waits() ? scenario.samples_per_phase : std::max(1, batch.samples);
    over_ = false;
    if (grain_ > 1) {
      place_ = batch.first_sample;
    } else {
      place_ = batch.first_sample % static_cast<int64_t>(tape.length());
      OpenSample();
    }
  }

  // The next wait and all computing up to the one after it; false at the end.
  bool Next(Demand* phase) {
    if (over_) return false;
    if (left_ > 0) {
      *phase = grain_ > 1 ? TakeGroup() : TakeToNextWait();
      if (left_ == 0 && batch_->worker.wait + delay_ < DemandTape::kShortWaitNs) return TakeOwn(phase);
      phase->wait *= wait_scale_;
      phase->cpu *= cpu_scale_;
      phase->read *= wait_scale_;
      return true;
    }
    *phase = {};
    return TakeOwn(phase);
  }

 private:
  // Samples that are simulated as one.
  Demand TakeGroup() {
    const int64_t count = std::min<int64_t>(grain_, left_);
    const Demand group = tape_->Sum(place_, count);
    place_ += count;
    left_ -= count;
    return group;
  }

  Demand TakeToNextWait() {
    Demand phase;
    do {
      phase += *at_;
      if (++at_ == end_) {
        if (--left_ == 0) break;
        if (++place_ == static_cast<int64_t>(tape_->length())) place_ = 0;
        OpenSample();
      }
    } while (at_->wait == 0);
    return phase;
  }

  void OpenSample() {
    const absl::Span<const Demand> phases = tape_->Phases(place_);
    at_ = phases.data();
    end_ = at_ + phases.size();
  }

  bool TakeOwn(Demand* phase) {
    *phase += batch_->worker;
    phase->wait = phase->wait * wait_scale_ + delay_ * delay_scale_;
    phase->cpu *= cpu_scale_;
    phase->read *= wait_scale_;
    over_ = true;
    return true;
  }

  const DemandTape* tape_ = nullptr;
  const BatchWork* batch_ = nullptr;
  const Demand *at_ = nullptr, *end_ = nullptr;  // what is left of the sample's phases
  int64_t place_ = 0, left_ = 0;                 // samples not yet taken
  int64_t grain_ = 1;
  double wait_scale_ = 1, cpu_scale_ = 1, delay_ = 0, delay_scale_ = 1;
  bool over_ = true;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_BATCH_PHASES_H_
