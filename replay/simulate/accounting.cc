#include "replay/simulate/accounting.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace stallpoint {
namespace {

constexpr int64_t kFewestSteadySteps = 20;

double Overlap(double a_begin, double a_end, double b_begin, double b_end) {
  return std::max(0.0, std::min(a_end, b_end) - std::max(a_begin, b_begin));
}

}  // namespace

SimulatedWindow WindowOf(absl::Span<const StepTimes> steps, int64_t primed) {
  SimulatedWindow window;
  const int64_t count = static_cast<int64_t>(steps.size());
  window.last = count;
  const int64_t warm = std::max<int64_t>(primed, 1);  // the first step carries start-up
  window.steady = count - warm >= kFewestSteadySteps;
  window.first = window.steady ? warm : 0;
  if (count == 0) return window;
  window.begin_ns = window.first > 0 ? steps[window.first - 1].device_end : steps[0].wait_begin;
  window.end_ns = steps[count - 1].device_end;
  return window;
}

Shares SharesOf(const SimulationResult& result, const SimulatedWindow& window) {
  const std::vector<StepTimes>& steps = result.steps;
  Shares shares;
  const double length = window.end_ns - window.begin_ns;
  if (length <= 0) return shares;
  double copy = 0, data = 0, sync = 0, launch = 0;
  const bool copies = !result.copies.empty();
  for (int64_t i = window.first; i < window.last; ++i) {
    const StepTimes& step = steps[i];
    if (!result.starved.empty()) launch += result.starved[i];
    double from = i > 0 ? steps[i - 1].device_end : step.wait_begin;
    double to = copies ? result.copies[i].begin : step.device_begin;
    // The device idles up to its copy, if it makes one, and from there to its step.
    for (bool before_copy = copies;; before_copy = false) {
      if (to > from) {
        if (i > 0) sync += Overlap(from, to, steps[i - 1].issued, steps[i - 1].main_end);
        data += Overlap(from, to, step.wait_begin, step.wait_end);
        launch += Overlap(from, to, step.wait_end, step.got);
        copy += Overlap(from, to, step.got, step.copied);
        launch += Overlap(from, to, step.copied, step.issued);
        // Between the issue and the start on the device main may already wait, for the device or for the next batch.
        sync += Overlap(from, to, step.issued, step.main_end);
        data += Overlap(from, to, step.main_end, to);
      }
      if (!before_copy) break;
      copy += result.copies[i].end - result.copies[i].begin;
      from = result.copies[i].end;
      to = step.device_begin;
    }
  }
  shares.copy = copy / length;
  shares.data_wait = data / length;
  shares.sync = sync / length;
  shares.launch = launch / length;
  shares.compute = std::max(0.0, 1 - shares.copy - shares.data_wait - shares.sync - shares.launch);
  return shares;
}

Bound BoundOf(const Shares& shares, double threshold) {
  if (shares.stall() <= threshold) return Bound::kCompute;
  const std::pair<double, Bound> candidates[] = {{shares.data_wait, Bound::kData},
                                                 {shares.copy, Bound::kCopy},
                                                 {shares.sync, Bound::kSync},
                                                 {shares.launch, Bound::kLaunch},
                                                 {shares.other, Bound::kOther}};
  return std::max_element(std::begin(candidates), std::end(candidates),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

}  // namespace stallpoint
