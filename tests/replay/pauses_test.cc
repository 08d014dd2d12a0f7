#include "replay/fit/pauses.h"

#include <cmath>
#include <random>
#include <vector>

#include "catch.h"
#include "fitted.h"
#include "replay/statistics.h"
#include "run_builder.h"

namespace stallpoint {

TEST_CASE("values far above all others are what a pause made, as many as there are threads that it met") {
  std::vector<double> values(200, 10);
  CHECK(std::isinf(LongestUnpaused(values, 4)));
  values[7] = 900;
  values[90] = 12;
  CHECK(LongestUnpaused(values, 4) == 12);
  values[8] = values[9] = 890;
  CHECK(LongestUnpaused(values, 4) == 12);
  CHECK(std::isinf(LongestUnpaused(values, 2)));
  CHECK(std::isinf(LongestUnpaused({}, 4)));
}

TEST_CASE("a heavy tail is not taken for pauses") {
  int taken = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> wait(0, 1);
    std::vector<double> values(1000);
    for (double& value : values) value = wait(random);
    taken += std::isinf(LongestUnpaused(values, MostPaused(4, values.size()))) ? 0 : 1;
  }
  CHECK(taken <= 3);
}

TEST_CASE("a pause of the machine while it was recorded is not predicted for other settings") {
  using testing::EmulatedKnobs;
  const RunRecord quiet = testing::Record(testing::ReadAndDecode(5, 1), {.knobs = EmulatedKnobs(8, 1)});
  RunRecord paused = quiet;
  // In the middle of a read.
  constexpr int64_t kPauseNs = 900'000'000;
  const int64_t batch = 100;
  paused.sample_costs[static_cast<size_t>(batch) * 8 * paused.sample_stages.size()].wall_ns += kPauseNs;
  paused.batches[batch].load.wall_ns += kPauseNs;
  for (const int32_t workers : {0, 1, 2, 4}) {
    const Prediction expected = testing::FitTo(quiet)->Predict(EmulatedKnobs(4, workers));
    const Prediction p = testing::FitTo(paused)->Predict(EmulatedKnobs(4, workers));
    INFO(workers << " workers");
    CHECK(p.step_ms == Approx(expected.step_ms).epsilon(0.01));
    CHECK(p.step_ms_high - p.step_ms == Approx(expected.step_ms_high - expected.step_ms).epsilon(0.1));
  }
}

TEST_CASE("turns of workers that repeat themselves are no uncertainty of their mean") {
  std::vector<double> steps;
  for (int i = 0; i < 64; ++i) steps.push_back(i % 8 == 0 ? 80 : 0);
  CHECK(BlockStandardError(steps, 8) == Approx(0).margin(1e-9));
  CHECK(BlockStandardError(steps) > 1);
  CHECK(BlockStandardError(steps, 60) == BlockStandardError(steps));
}

}  // namespace stallpoint
