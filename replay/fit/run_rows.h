// The samples of a run as rows of demands: the part of RunCosts that a tape is made of.
//
// Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_FIT_RUN_ROWS_H_
#define STALLPOINT_REPLAY_FIT_RUN_ROWS_H_

#include <cstdint>

#include "replay/fit/run_costs.h"
#include "traces/run_record.h"

namespace stallpoint {

// Whether it was recorded when a worker, or main, loaded the batch.
inline bool Loaded(const BatchRecord& batch) {
  return batch.index >= 0 && batch.samples > 0 && batch.load_begin_ns >= 0 && batch.load_end_ns >= batch.load_begin_ns;
}

// Rows of samples as they were recorded. Without recorded samples a batch is split evenly among its own.
void CollectRows(const RunRecord& run, RunCosts* costs);

// The first batch after those that were read for the first time and came from storage; 0 where samples that were read
// again came from there as well, or none were.
int64_t FirstFromCache(const RunCosts& costs);

// The order of the sampler, and which rows are of the steady part, which begins with that batch.
void OrderRows(const RunRecord& run, int64_t steady_first, RunCosts* costs);

// What came before the steady part keeps its differences from sample to sample and takes the level of the rest, cold
// samples that of cold ones, as far as they differ from that by more than chance: that the first second is slow says
// nothing of the samples that were met in it. If hardly any of the rest is cold, what was is set aside.
void LevelStart(RunCosts* costs);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_RUN_ROWS_H_
