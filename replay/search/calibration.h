// What to run besides the run itself so that a prediction rests on measurements instead of assumptions.
#ifndef STALLPOINT_REPLAY_SEARCH_CALIBRATION_H_
#define STALLPOINT_REPLAY_SEARCH_CALIBRATION_H_

#include <cstdint>
#include <vector>

#include "traces/run_record.h"

namespace stallpoint {

// Settings for short runs with the role `calibration`, in the order they should be run; pure, never empty:
// - as many workers as cores, unless the recorded count is near that: what computing costs then is what most settings
//   meet;
// - one worker, unless at most two were recorded: how much computing slows with the cores is seen in the difference
//   (replay/measured.md, seed 24, has what is lost without it);
// - enough workers that what they compute would fill the cores with a quarter to spare, at least twice and at most six
//   times as many as cores: what the scheduler loses when threads outnumber them, and what reads lose to each other;
// - half-way between the two, in doublings: what the scheduler loses differs with how many they are;
// - a second batch size, a factor of two away, which tells what a step costs by itself from what each sample adds;
// - the recorded setting once more, at the end: how far the host's own speed moves, and in the mean of both ends it is
//   as old as what lies between.
// `computing`: of the time that a worker loads, waits for a core apart, the share in which it computes.
std::vector<Knobs> PlanCalibration(const Knobs& recorded, double cores, double computing);

struct CalibrationRun {
  Knobs knobs;
  int64_t steps = 0;
};
// The same for a recorded run, and how long each is to be: past the batches that its workers load ahead, and about two
// seconds, for caches and clocks take one to settle, or five where workers outnumber the cores, for it is luck for
// seconds who waits on whose core; but no longer than the recorded run, and where its data is cold no longer than the
// first, for it would read the rest from the page cache.
std::vector<CalibrationRun> PlanCalibration(const RunRecord& run);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_CALIBRATION_H_
