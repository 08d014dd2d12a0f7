#include "harness/run/progress_meter.h"

#include "harness/record/clock.h"

namespace stallpoint {
namespace {

constexpr int64_t kReportEveryNs = 100'000'000;

}  // namespace

void ProgressMeter::Enter(const std::string& doing) {
  last_.doing = doing;
  Report(MonotonicNs());
}

void ProgressMeter::Begin(const std::string& doing, int64_t steps_total) {
  last_.steps_total = steps_total;
  Enter(doing);
}

void ProgressMeter::Step(const TrainLoop::Progress& progress) {
  last_.steps_done = progress.steps;
  last_.loss = progress.loss;
  last_.has_loss = progress.has_loss;
  samples_ = progress.samples;
  const int64_t now_ns = MonotonicNs();
  if (now_ns - reported_ns_ < kReportEveryNs) return;
  last_.samples_per_s =
      static_cast<double>(samples_ - reported_samples_) * 1e9 / static_cast<double>(now_ns - reported_ns_);
  Report(now_ns);
}

void ProgressMeter::Report(int64_t now_ns) {
  reported_ns_ = now_ns;
  reported_samples_ = samples_;
  if (on_progress_) on_progress_(last_);
}

}  // namespace stallpoint
