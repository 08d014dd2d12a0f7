// Predicts a grid of settings, finds where the stall begins along each axis, recommends a setting.
#ifndef STALLPOINT_REPLAY_SEARCH_SWEEP_H_
#define STALLPOINT_REPLAY_SEARCH_SWEEP_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "replay/predict/predictor.h"
#include "replay/prediction.h"

namespace stallpoint {

// Values to try, per axis; an empty list keeps the recorded value.
struct SweepRanges {
  std::vector<int64_t> batch_size, worker_count, prefetch_depth, steps_in_flight;
  std::vector<uint64_t> host_limit_bytes, device_limit_bytes;
};

// Every combination, in that order of axes, the last varying fastest.
std::vector<Knobs> SettingsOf(const Knobs& recorded, const SweepRanges& ranges);

struct SweepResult {
  Prediction recorded;  // the model's view of the recorded setting
  std::vector<Prediction> settings;
  std::vector<StallPoint> stall_points;
  std::optional<Recommendation> recommended;            // keeps the batch size
  std::optional<Recommendation> recommended_any_batch;  // when batch_size was swept
  bool cancelled = false;                               // `settings` holds what was done until then
};

// Predicts on `threads` threads, 0 for as many as there are cores to use; the result is the same with any number.
// `keep_going` is asked between settings, on the calling thread, and told how many are done of how many; false ends the
// sweep with what was done or begun.
SweepResult Sweep(const Predictor& predictor, const SweepRanges& ranges,
                  const std::function<bool(size_t done, size_t total)>& keep_going, int threads = 0);

// "8,16,32", "0:8", "8:256:*2", "8:256:+8"; sizes take suffixes and double by default. InvalidArgument names the text
// and the expected form.
absl::StatusOr<std::vector<int64_t>> ParseRange(const std::string& text);
absl::StatusOr<std::vector<uint64_t>> ParseSizeRange(const std::string& text);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_SWEEP_H_
