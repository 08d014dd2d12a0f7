// The device of a simulation on shared cores: it copies batches and computes steps, in the order in which main issues
// them, as jobs of a HostClock.
//
// Whoever drives the clock calls PhaseEnded when the device's job ended a phase, does what follows from it, and then
// GoOn. Writes `device_begin` and `device_end` of the result's steps, its copies, and what it starved for. Nanoseconds.
// Not thread-safe.
#ifndef STALLPOINT_REPLAY_SIMULATE_SIMULATED_DEVICE_H_
#define STALLPOINT_REPLAY_SIMULATE_SIMULATED_DEVICE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "replay/simulate/host_clock.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {

template <class Cores>
class SimulatedDevice {
 public:
  enum class Happened { kNothing, kCopied, kStepDone };

  // All outlive the device; `result->steps` has its full length.
  SimulatedDevice(HostClock<Cores>* clock, int32_t job, const Scenario& scenario, SimulationResult* result)
      : clock_(*clock), job_(job), scenario_(scenario), result_(*result) {}

  // Main has this batch and begins to issue the next step with it.
  void BeginStep(const BatchWork* batch) {
    begun_.push_back(batch);
    if (scenario_.launch_overlaps) issued_ = steps_begun();
    if (scenario_.launch_overlaps || scenario_.device_copies) GoOn();
  }
  // Main issued all of that step.
  void EndIssue() {
    launched_ = issued_ = steps_begun();
    GoOn();
    if (state_ != State::kStarved) return;
    state_ = State::kFinishing;
    clock_.Wait(job_, scenario_.latencies.device_start_ns);
  }

  // Begins with what is next for it, if that was issued and it is idle.
  void GoOn() {
    if (state_ != State::kIdle || done_ >= steps_begun()) return;
    const StepTimes& next = result_.steps[done_];
    const auto arrives = [this](double issued) {
      return std::max(0.0, issued + scenario_.latencies.device_start_ns - clock_.now());
    };
    if (scenario_.device_copies && copied_ <= done_) {
      const double begin = clock_.now() + arrives(next.copied);
      const double end = begin + begun_[done_]->device_copy_ns;
      result_.copies.push_back({begin, end});
      state_ = State::kCopying;
      clock_.Wait(job_, end - clock_.now());
    } else if (done_ < issued_) {
      Start(arrives(scenario_.launch_overlaps ? next.copied : next.issued));
    }
  }

  Happened PhaseEnded() {
    if (state_ == State::kStarting) {
      Start(0);
      return Happened::kNothing;
    }
    if (state_ == State::kCopying) {
      copied_ = done_ + 1;
      state_ = State::kIdle;
      return Happened::kCopied;
    }
    StepTimes& step = result_.steps[done_];
    if (state_ == State::kRunning) {
      computed_ = clock_.now();
      // What is issued while it computes arrives in time.
      const double last_arrives = step.issued + scenario_.latencies.device_start_ns;
      if (scenario_.launch_overlaps && launched_ <= done_) {
        state_ = State::kStarved;
        return Happened::kNothing;
      }
      if (scenario_.launch_overlaps && last_arrives > clock_.now()) {
        state_ = State::kFinishing;
        clock_.Wait(job_, last_arrives - clock_.now());
        return Happened::kNothing;
      }
    }
    step.device_end = clock_.now();
    if (scenario_.launch_overlaps) result_.starved.push_back(clock_.now() - computed_);
    ++done_;
    state_ = State::kIdle;
    return Happened::kStepDone;
  }

  // Steps that it computed.
  int64_t done() const { return done_; }

 private:
  // Starved: it computed all that was issued of its step, and main still issues. Finishing: the last of it arrives.
  enum class State { kIdle, kCopying, kStarting, kRunning, kStarved, kFinishing };

  int64_t steps_begun() const { return static_cast<int64_t>(begun_.size()); }

  void Start(double latency) {
    if (latency > 0) {
      state_ = State::kStarting;
      clock_.Wait(job_, latency);
      return;
    }
    state_ = State::kRunning;
    result_.steps[done_].device_begin = clock_.now();
    const double demand = begun_[done_]->step_ns * scenario_.scales.device;
    if (scenario_.device_threads > 0) {
      clock_.Compute(job_, demand, scenario_.device_threads);
    } else {
      clock_.Wait(job_, demand);
    }
  }

  HostClock<Cores>& clock_;
  const int32_t job_;
  const Scenario& scenario_;
  SimulationResult& result_;
  std::vector<const BatchWork*> begun_;  // of each step that main began to issue
  int64_t issued_ = 0;                   // steps that it may begin with
  int64_t launched_ = 0;                 // steps of which all was issued
  int64_t copied_ = 0, done_ = 0;
  double computed_ = 0;  // when it had computed what it runs
  State state_ = State::kIdle;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_SIMULATED_DEVICE_H_
