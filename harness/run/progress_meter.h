// Turns the steps of a run into progress reports, ten a second at most. One thread.
#ifndef STALLPOINT_HARNESS_RUN_PROGRESS_METER_H_
#define STALLPOINT_HARNESS_RUN_PROGRESS_METER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "harness/engine/train_loop.h"
#include "harness/run/live_run.h"

namespace stallpoint {

class ProgressMeter {
 public:
  explicit ProgressMeter(const std::function<void(const RunProgress&)>& on_progress) : on_progress_(on_progress) {}

  // Reports at once.
  void Enter(const std::string& doing);
  void Begin(const std::string& doing, int64_t steps_total);
  // Reports when the last report is old enough.
  void Step(const TrainLoop::Progress& progress);

 private:
  void Report(int64_t now_ns);

  const std::function<void(const RunProgress&)>& on_progress_;
  RunProgress last_;
  int64_t reported_ns_ = 0;
  int64_t samples_ = 0, reported_samples_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_PROGRESS_METER_H_
