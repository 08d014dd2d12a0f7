// How many samples of a data set are read from storage because the page cache does not hold them.
//
// What memory a run's limit leaves beside the run caches the data set, whose passes are shuffled. Pure functions; any
// thread. Bytes, and shares of the samples.
#ifndef STALLPOINT_REPLAY_FIT_PAGE_CACHE_H_
#define STALLPOINT_REPLAY_FIT_PAGE_CACHE_H_

#include <cstdint>
#include <optional>

#include "traces/knobs.h"

namespace stallpoint {

class CostModel;

// Of the reads of a later pass, the part that finds its data in the cache. Kernels differ in what they keep, and the
// same one from pass to pass: `least` and `most` are the ends of a 90 % interval.
struct HitShare {
  double least = 1, usual = 1, most = 1;

  // So many standard errors towards fewer hits; negative: towards more.
  double At(double errors) const;
};

// With a cache of `cached` times the data. Least: the least recently used goes first. Between a sample's turns at the
// parts x and y of consecutive passes lies 1 - x (1 - y) of the data, so that P(hit) = P(x (1 - y) > 1 - c) =
// c + (1 - c) ln(1 - c). If a fixed part stayed it would be c, the most for whoever does not know the order. Linux
// keeps what was read twice apart, and is between the two (replay/evidence.md).
HitShare HitsOfShuffledPasses(double cached);

// Runs whose shares of samples from storage differ by no more than this read alike.
inline constexpr double kSameShare = 0.05;

// What is known of a run's data set and of where it came from.
struct PageCache {
  double data_bytes = 0;  // memory that caches one pass; 0: unknown
  double cold_share = 0;  // samples of the recorded run that were read from storage
  // Steps at its beginning that are left out of that and of all costs, for what they fetched is in the cache since.
  int64_t first_pass = 0;
  // The same when nothing is cached: less than 1 where one fetch brings more than one sample.
  double most_cold = 1;
  // What computing beside reads costs after one from storage, to what it costs when nothing is waited for.
  double cold_slow = 1;
  // Whether it was recorded what a read from storage costs.
  bool cold_seen = false;
  bool cold_start = false;  // that the recorded run was asked for one
  // Reads of files of which none came from storage in any run.
  bool only_warm = false;
};

// Samples read from storage under a setting, once passes have settled; nothing: as many as in the recorded run, which
// is what is predicted where the setting says nothing of memory. `errors`: as HitShare::At.
std::optional<double> ColdShare(const CostModel& model, const Knobs& knobs, double errors);

// The same of a run whose first pass is over, whatever was recorded: under a limit or on the whole machine. Nothing
// where the memory of run or data is unknown.
std::optional<double> SettledColdShare(const CostModel& model, const Knobs& knobs, double errors);

// Whether the recorded run fetched from storage what the page cache keeps for runs after it, and was not asked to.
bool ColdForOnce(const CostModel& model);

// Whether the setting leaves less room than the data takes, but what reads from storage cost was not recorded.
bool CostOfColdUnknown(const CostModel& model, const Knobs& knobs);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_PAGE_CACHE_H_
