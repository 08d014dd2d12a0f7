// What reads cost that the page cache serves and such that storage does, and how large the data set is.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "replay/fit/cold_tapes.h"
#include "replay/fit/fit.h"

namespace stallpoint {
namespace {

// Samples in one state before they stand for it.
constexpr size_t kFewestSeen = 20;
// What the kernel keeps for a file in its cache besides the pages: inode, directory entry, and an index of the pages.
constexpr double kFileBytes = 1536, kIndexPart = 0.0025;

// A file of one sample.
double Cached(double bytes) { return bytes * (1 + kIndexPart) + kFileBytes; }

using Rows = std::vector<std::vector<Demand>>;

// The samples of one state, of the first run that has enough of them: the main run's as they are on the tape.
Rows SamplesOf(bool cold, absl::Span<const FittedRun> runs, const Rows& of_main, const std::vector<bool>& reads) {
  for (const FittedRun& fitted : runs) {
    const bool is_main = fitted.run == runs.front().run;
    if (fitted.run->sample_stages != runs.front().run->sample_stages) continue;
    const Rows& rows = is_main ? of_main : fitted.costs.rows;
    Rows found;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (fitted.costs.cold[row] == cold) found.push_back(rows[row]);
    }
    if (cold && found.size() < kFewestSeen) found = fitted.costs.cold_at_start;
    if (found.size() < kFewestSeen) continue;
    for (std::vector<Demand>& row : found) {
      for (size_t s = 0; s < row.size(); ++s) {
        if (reads[s]) row[s].read = row[s].wait;
      }
    }
    return found;
  }
  return {};
}

// The same samples without their waits for storage.
Rows Warmed(Rows cold, const std::vector<bool>& reads) {
  for (std::vector<Demand>& row : cold) {
    for (size_t s = 0; s < row.size(); ++s) {
      if (reads[s]) row[s].wait = row[s].read = 0;
    }
  }
  return cold;
}

Demand MeanOfStage(const Rows& rows, size_t stage) {
  Demand mean;
  for (const std::vector<Demand>& row : rows) mean += row[stage];
  const double count = static_cast<double>(rows.size());
  return {mean.wait / count, mean.cpu / count, mean.read / count};
}

}  // namespace

void FitPageCache(absl::Span<const FittedRun> runs, Rows rows, uint64_t seed, CostModel* model) {
  const RunRecord& run = *runs.front().run;
  const RunCosts& costs = runs.front().costs;
  PageCache& cache = model->page_cache;
  cache.cold_share = ColdShareOf(costs);
  cache.first_pass = costs.first_pass;
  cache.cold_start = run.cold_data;
  const std::vector<bool>& reads = costs.reads;
  ColdTapes::Samples samples;
  samples.like_cold = SamplesOf(true, runs, rows, reads);
  if (samples.like_cold.empty()) {
    cache.only_warm = costs.read_bytes > 0 && !run.data_dir.empty();
    cache.data_bytes = Cached(costs.read_bytes) * static_cast<double>(run.dataset_samples);
    return;
  }
  samples.like_warm = SamplesOf(false, runs, rows, reads);
  if (samples.like_warm.empty()) samples.like_warm = Warmed(samples.like_cold, reads);
  double fetched = 0;
  for (const FittedRun& fitted : runs) fetched = std::max(fetched, fitted.costs.fetched_bytes);
  // A workload that does not say what it reads is taken to fetch one sample at a time.
  const double of_sample = costs.read_bytes > 0 ? costs.read_bytes : fetched;
  cache.cold_seen = true;
  cache.most_cold = std::min(1.0, of_sample / fetched);
  cache.data_bytes = Cached(of_sample) * static_cast<double>(run.dataset_samples);
  for (size_t s = 0; s < reads.size(); ++s) {
    if (!reads[s]) continue;
    model->stages[s].cold = MeanOfStage(samples.like_cold, s);
    model->stages[s].warm = MeanOfStage(samples.like_warm, s);
  }
  samples.rows = std::move(rows);
  samples.cold = costs.cold;
  samples.reads = reads;
  samples.order = costs.order;
  samples.pool = costs.steady;
  samples.seed = seed;
  samples.cold_slow = cache.cold_slow;
  model->cold_tapes = std::make_shared<const ColdTapes>(std::move(samples));
}

}  // namespace stallpoint
