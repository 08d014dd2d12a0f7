// Where the stall begins along the axes of a sweep.
#ifndef STALLPOINT_REPLAY_SEARCH_STALL_POINTS_H_
#define STALLPOINT_REPLAY_SEARCH_STALL_POINTS_H_

#include <functional>
#include <vector>

#include "replay/prediction.h"
#include "replay/search/sweep.h"

namespace stallpoint {

// Neighbouring values of an axis of which one stalls and the other does not, by `predict`, other knobs as recorded. Of
// an axis of more than `most` values some are looked at first, and then those between two that differ: a stall that
// comes and goes in between is missed.
std::vector<StallPoint> FindStallPoints(const Knobs& recorded, const SweepRanges& ranges, double threshold, size_t most,
                                        const std::function<Prediction(const Knobs&)>& predict);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_STALL_POINTS_H_
