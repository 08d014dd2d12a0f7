// The steps of a device that has a thread of its own, on their way back to main: how many are unfinished, and what
// became of the others, in order of launch.
#ifndef STALLPOINT_HARNESS_ENGINE_FINISHED_STEPS_H_
#define STALLPOINT_HARNESS_ENGINE_FINISHED_STEPS_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "harness/engine/device.h"
#include "harness/engine/keep_waiting.h"

namespace stallpoint {

class FinishedSteps {
 public:
  explicit FinishedSteps(int64_t steps_in_flight) : results_(static_cast<size_t>(steps_in_flight) + 1) {}

  // [main] As Device's functions of these names.
  void NoteLaunch() { ++launched_; }
  bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) {
    std::unique_lock lock(mutex_);
    awaited_ = launched_ - count;
    const bool reached = WaitFor(changed_, lock, keep_waiting, [this] { return finished_ >= awaited_; });
    awaited_ = INT64_MAX;
    return reached;
  }
  std::optional<FinishedStep> Take() {
    std::lock_guard lock(mutex_);
    if (taken_ == finished_) return std::nullopt;
    return std::move(results_[static_cast<size_t>(taken_++) % results_.size()]);
  }

  // [device] The oldest unfinished step has ended.
  void Add(FinishedStep step) {
    bool wake;
    {
      std::lock_guard lock(mutex_);
      results_[static_cast<size_t>(finished_) % results_.size()] = std::move(step);
      ++finished_;
      wake = finished_ == awaited_;
    }
    if (wake) changed_.notify_one();
  }

 private:
  int64_t launched_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FinishedStep> results_;
  int64_t finished_ = 0, taken_ = 0;
  int64_t awaited_ = INT64_MAX;  // main waits until so many have finished
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_FINISHED_STEPS_H_
