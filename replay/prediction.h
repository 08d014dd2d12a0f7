// What replay says about one setting, and the vocabulary of its verdicts.
#ifndef STALLPOINT_REPLAY_PREDICTION_H_
#define STALLPOINT_REPLAY_PREDICTION_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/knobs.h"
#include "traces/run_summary.h"

namespace stallpoint {

// Settings whose step times differ by no more than this share are as fast as each other.
inline constexpr double kAsFast = 0.02;

// What a stage that makes the device wait is itself waiting for.
enum class Wait { kNone, kCpu, kIo, kBlocked };

// The largest share besides compute when over the threshold; kCompute when healthy, kMemory when it does not fit.
enum class Bound { kCompute, kData, kCopy, kSync, kLaunch, kOther, kMemory };

const char* Name(Wait wait);    // "cpu" "io" "blocked"; "" for kNone (JSON null)
const char* Name(Bound bound);  // "compute" "data" ...

// How long a run takes from its beginning to its end, start-up and all.
struct RunLength {
  double s = 0, s_low = 0, s_high = 0;
};

// Ends of an interval.
struct Bounds {
  double low = 0, high = 0;
};

// Intervals are 90 % unless said otherwise; of the step, of its mean.
struct Prediction {
  Knobs knobs;
  double step_ms = 0, step_ms_low = 0, step_ms_high = 0;
  double throughput_per_s = 0;  // samples
  Shares shares;
  Bounds stall_bounds;  // of stall_share()
  Bound bound = Bound::kCompute;
  std::string stage;  // behind the wait; empty when the device does not wait for data
  Wait wait = Wait::kNone;
  std::optional<double> host_memory_bytes, device_memory_bytes;
  std::optional<Bounds> host_memory_bounds, device_memory_bounds;
  std::optional<double> p_out_of_memory;
  // What host and device may hold: a limit, or all that there is; 0: unknown.
  double host_room_bytes = 0, device_room_bytes = 0;
  // Samples after which a run has filled host_room_bytes, or device_room_bytes; null unless the recorded runs kept
  // something of each.
  std::optional<double> host_full_after_samples, device_full_after_samples;
  bool extrapolated = false;
  std::optional<double> epoch_edge_ms;
  // The setting leaves no room for the data set in the page cache, but what reads from storage cost was not recorded.
  bool cold_unknown = false;
  // Samples that are read from storage because the page cache does not have them; null where reads from storage were
  // not seen.
  std::optional<double> storage_share;
  std::optional<RunLength> wall;  // of a run whose length was given
  double cores_busy = 0;          // share of the usable cores that compute, in the window

  double stall_share() const { return shares.stall(); }
  // Whichever is full first.
  std::optional<double> full_after_samples() const {
    if (!host_full_after_samples || !device_full_after_samples) {
      return host_full_after_samples ? host_full_after_samples : device_full_after_samples;
    }
    return std::min(*host_full_after_samples, *device_full_after_samples);
  }
};

// What was found out of a run once it had run. How slowly the host computed in it, as factors on what the model expects
// of the same work: samples, issuing steps, and steps where the device is the host. And how many of its samples came
// from storage; nothing where reads from storage were not seen in the recorded runs.
struct RunFindings {
  double loading = 1, launching = 1, device = 1;
  std::vector<double> workers;  // each worker to all of them; empty: alike, or not known
  std::optional<double> storage_share;
};

// A run that is to be compared with a live one.
struct RunConditions {
  // Its length, from its start: steps of an endless run, or epochs; neither: as Predict.
  int64_t steps = 0, epochs = 0;
  // Nothing of the data set was in the page cache when it began, so that its first pass reads all from storage.
  bool cold_start = false;
  std::optional<RunFindings> found;
};

// How far each term that is not known exactly is from its estimate, in its standard errors; a day on which all are 0 is
// as predicted.
struct Day {
  double host_speed = 0;   // positive: slower
  double computing = 0;    // mean demand of the samples met
  double waits = 0;        // mean waits of the samples met, on the host as it is
  double cache = 0;        // positive: it holds less of the data
  double storage = 0;      // positive: it serves fewer reads at a time
  double device = 0;       // positive: its steps take longer
  double fixed_part = 0;   // positive: more of a step is the same at every batch size
  double crowding = 0;     // what time slices cost; never less than nothing
  double disturbance = 0;  // positive: what the runs do not explain is more
  double unevenness = 0;   // positive: the slowest worker is slower
  double loading = 0;      // what the model itself gets wrong of loading
};

// The boundary along one axis, other knobs as recorded.
struct StallPoint {
  std::string axis;                    // a key of `knobs`
  double stalled_at = 0, free_at = 0;  // neighbouring settings on both sides
  double at = 0;                       // between them
  std::string stage;
  Wait wait = Wait::kNone;
};

// Samples a second of one setting over those of another: expected, and the ends of an interval. Both in the same minute
// of the same host, so that what makes a host faster or slower leaves it alone.
struct Gain {
  double expected = 1, low = 1, high = 1;
};

// "1.99 times the throughput (1.93 to 2.05)"
std::string GainText(const Gain& gain);

struct Recommendation {
  Knobs knobs;
  Gain throughput_gain;  // over the recorded setting
  std::string reason;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICTION_H_
