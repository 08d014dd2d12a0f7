#include "replay/simulate/accounting.h"

#include "catch.h"

namespace stallpoint {
namespace {

// A step of 100: 20 waiting for the batch, 10 receiving, 10 copying, 10 issuing, then 40 on the device, which main
// waits for until 10 after its end.
std::vector<StepTimes> Steps(int count) {
  std::vector<StepTimes> steps;
  for (int i = 0; i < count; ++i) {
    const double t = 100.0 * i;
    steps.push_back({t, t + 20, t + 30, t + 40, t + 50, t + 100, t + 50, t + 90});
  }
  return steps;
}

}  // namespace

TEST_CASE("every instant of the window belongs to the first owner that holds") {
  const auto steps = Steps(40);
  const SimulatedWindow window = WindowOf(steps, 4);
  CHECK(window.steady);
  CHECK(window.first == 4);
  CHECK(window.step_ns() == Approx(100));
  SimulationResult result;
  result.steps = steps;
  const Shares shares = SharesOf(result, window);
  CHECK(shares.compute == Approx(0.4));
  CHECK(shares.sync == Approx(0.1));
  CHECK(shares.data_wait == Approx(0.2));
  CHECK(shares.copy == Approx(0.1));
  CHECK(shares.launch == Approx(0.2));
  CHECK(shares.compute + shares.copy + shares.data_wait + shares.sync + shares.launch + shares.other == Approx(1));
}

TEST_CASE("a run of few steps is taken whole and called not steady") {
  const auto steps = Steps(22);
  const SimulatedWindow window = WindowOf(steps, 4);
  CHECK_FALSE(window.steady);
  CHECK(window.first == 0);
  CHECK(window.begin_ns == 0);
}

TEST_CASE("the bound is the largest share besides compute, above the threshold") {
  CHECK(BoundOf({0.96, 0, 0.04, 0, 0, 0}, 0.05) == Bound::kCompute);
  CHECK(BoundOf({0.80, 0, 0.12, 0.08, 0, 0}, 0.05) == Bound::kData);
  CHECK(BoundOf({0.80, 0.01, 0.02, 0.14, 0.03, 0}, 0.05) == Bound::kSync);
  CHECK(BoundOf({0.80, 0.01, 0.02, 0.03, 0.14, 0}, 0.05) == Bound::kLaunch);
}

}  // namespace stallpoint
