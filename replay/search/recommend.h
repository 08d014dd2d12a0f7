// Which of several predicted settings to take. Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_SEARCH_RECOMMEND_H_
#define STALLPOINT_REPLAY_SEARCH_RECOMMEND_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "replay/prediction.h"

namespace stallpoint {

// How far it is worth looking when nobody says.
inline constexpr int32_t kDeepestPrefetch = 8;
inline int32_t MostWorkers(double cores) { return std::max(32, static_cast<int32_t>(4 * cores)); }

// P(out of memory) below 1 %, or nothing known of it; and it is known what the memory that is left does to reads.
bool Fits(const Prediction& prediction);

// Fewer workers, then less memory, then lower limits, then fewer batches and steps under way, then the recorded one.
bool Cheaper(const Prediction& recorded, const Prediction& a, const Prediction& b);

// The cheapest of the candidates within kAsFast of the best throughput. REQUIRES: at least one candidate.
const Prediction* Choose(const Prediction& recorded, std::vector<const Prediction*> candidates);
// What Choose chose of the candidates, put into words; what it gains is left to a Decision.
Recommendation Recommend(const Prediction& recorded, const Prediction& chosen,
                         const std::vector<const Prediction*>& candidates);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_RECOMMEND_H_
