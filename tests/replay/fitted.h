// A predictor of recorded runs, and the values of a range: what tests of searches begin with.
#ifndef STALLPOINT_TESTS_REPLAY_FITTED_H_
#define STALLPOINT_TESTS_REPLAY_FITTED_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "replay/predict/predictor.h"
#include "replay/search/sweep.h"

namespace stallpoint::testing {

inline std::unique_ptr<Predictor> FitTo(const std::vector<RunRecord>& runs) {
  auto predictor = Predictor::Fit(runs, {});
  REQUIRE(predictor.ok());
  return *std::move(predictor);
}
inline std::unique_ptr<Predictor> FitTo(const RunRecord& run) { return FitTo(std::vector<RunRecord>{run}); }

inline std::vector<int64_t> Values(const std::string& range) { return *ParseRange(range); }

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_REPLAY_FITTED_H_
