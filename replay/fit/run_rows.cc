#include "replay/fit/run_rows.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <vector>

#include "replay/fit/page_cache.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr double kPageBytes = 4096;
// Samples that were read again before it is believed where they come from.
constexpr int64_t kFewestAgain = 20;

std::vector<bool> ReadingStages(const RunRecord& run) {
  std::vector<bool> reads;
  for (const std::string& stage : run.sample_stages) reads.push_back(stage == "read");
  for (size_t i = 0; i < run.samples.size(); ++i) {
    const absl::Span<const StageCost> costs = run.CostsOfSample(i);
    for (size_t s = 0; s < costs.size(); ++s) reads[s] = reads[s] || costs[s].bytes > 0;
  }
  return reads;
}

// A data set that is in the page cache once the run is under way is read from there by the next run, too.
void SetAsideColdStart(RunCosts* costs) {
  if (ColdShareOf(*costs) > kSameShare) return;
  std::vector<bool> early(costs->rows.size(), true);
  for (const uint32_t row : costs->steady) early[row] = false;
  for (size_t row = 0; row < costs->rows.size(); ++row) {
    if (!early[row] || !costs->cold[row]) continue;
    costs->cold_at_start.push_back(costs->rows[row]);
    costs->cold[row] = false;
  }
}

// What early values are to be multiplied by to be as large as later ones, as far as they differ by more than chance:
// samples that take long may be among the first.
double LevelOf(const std::vector<double>& early, const std::vector<double>& later) {
  const double before = Mean(early), after = Mean(later);
  if (before <= 0) return 1;
  if (after <= 0) return 0;
  const auto chance = [](const std::vector<double>& values, double mean) {
    return std::pow(StandardDeviation(values) / mean, 2) / static_cast<double>(values.size());
  };
  const double log = std::log(after / before);
  const double noise = 2 * (chance(early, before) + chance(later, after));
  return log * log > noise ? std::exp(log * (1 - noise / (log * log))) : 1;
}

// Of cold samples, or of the others.
void LevelSamples(bool cold, RunCosts* costs) {
  std::vector<bool> steady(costs->rows.size(), false);
  for (const uint32_t row : costs->steady) steady[row] = true;
  for (size_t s = 0; s < costs->rows.front().size(); ++s) {
    for (double Demand::*part : {&Demand::wait, &Demand::cpu}) {
      std::vector<double> early, later;
      for (size_t row = 0; row < costs->rows.size(); ++row) {
        if (costs->cold[row] == cold) (steady[row] ? later : early).push_back(costs->rows[row][s].*part);
      }
      if (early.empty() || later.empty()) return;
      const double level = LevelOf(early, later);
      for (size_t row = 0; row < costs->rows.size(); ++row) {
        if (!steady[row] && costs->cold[row] == cold) costs->rows[row][s].*part *= level;
      }
    }
  }
}

}  // namespace

void CollectRows(const RunRecord& run, RunCosts* costs) {
  const size_t stages = run.sample_stages.size();
  double read = 0, fetched = 0;
  if (stages > 0) {
    for (size_t i = 0; i < run.samples.size(); ++i) {
      const int64_t batch = run.samples[i].batch;
      if (batch < 0 || batch >= static_cast<int64_t>(run.batches.size())) continue;
      std::vector<Demand> row;
      row.reserve(stages);
      StageCost whole;
      for (const StageCost& cost : run.CostsOfSample(i)) {
        row.push_back(DemandOf(cost));
        whole += cost;
      }
      costs->cold.push_back(whole.storage_bytes > 0 && whole.storage_bytes >= whole.bytes / 2);
      read += std::ceil(static_cast<double>(whole.bytes) / kPageBytes) * kPageBytes;
      if (costs->cold.back()) fetched += static_cast<double>(whole.storage_bytes);
      costs->rows.push_back(std::move(row));
      costs->batch_of_row.push_back(batch);
      costs->key_of_row.push_back(run.samples[i].key);
    }
  }
  if (costs->rows.empty()) {
    for (size_t b = 0; b < run.batches.size(); ++b) {
      if (!Loaded(run.batches[b])) continue;
      const double samples = run.batches[b].samples;
      const Demand load = DemandOf(run.batches[b].load);
      costs->rows.push_back({{load.wait / samples, load.cpu / samples}});
      costs->batch_of_row.push_back(static_cast<int64_t>(b));
    }
  }
  if (const auto cold = std::count(costs->cold.begin(), costs->cold.end(), true); cold > 0) {
    costs->fetched_bytes = fetched / static_cast<double>(cold);
  }
  costs->read_bytes = read / static_cast<double>(std::max<size_t>(1, costs->cold.size()));
  costs->cold.resize(costs->rows.size(), false);
  if (!costs->rows.empty()) {
    costs->reads = ReadingStages(run);
    costs->reads.resize(costs->rows.front().size(), false);
  }
}

int64_t FirstFromCache(const RunCosts& costs) {
  std::unordered_set<uint64_t> met;
  int64_t again = 0, cold_again = 0, first = 0;
  if (std::find(costs.cold.begin(), costs.cold.end(), true) == costs.cold.end()) return 0;
  for (size_t row = 0; row < costs.key_of_row.size(); ++row) {
    if (!met.insert(costs.key_of_row[row]).second) {
      ++again;
      cold_again += costs.cold[row];
    } else if (costs.cold[row]) {
      first = std::max(first, costs.batch_of_row[row] + 1);
    }
  }
  const bool cached =
      again >= kFewestAgain && static_cast<double>(cold_again) <= kSameShare * static_cast<double>(again);
  return cached ? first : 0;
}

void OrderRows(const RunRecord& run, int64_t steady_first, RunCosts* costs) {
  std::vector<std::vector<uint32_t>> rows_of_batch(run.batches.size());
  const bool of_samples = !costs->key_of_row.empty();
  for (uint32_t row = 0; row < costs->rows.size(); ++row) {
    const int64_t batch = costs->batch_of_row[row];
    rows_of_batch[batch].insert(rows_of_batch[batch].end(), of_samples ? 1 : run.batches[batch].samples, row);
  }
  for (size_t b = 0; b < rows_of_batch.size(); ++b) {
    const std::vector<uint32_t>& rows = rows_of_batch[b];
    if (static_cast<int64_t>(b) >= steady_first) costs->steady.insert(costs->steady.end(), rows.begin(), rows.end());
  }
  if (costs->steady.empty()) {
    for (uint32_t row = 0; row < costs->rows.size(); ++row) costs->steady.push_back(row);
  }
  for (size_t b = 0; b < rows_of_batch.size(); ++b) {
    const std::vector<uint32_t>& rows = rows_of_batch[b];
    costs->order.insert(costs->order.end(), rows.begin(), rows.end());
    // Samples that were lost keep their places.
    for (int64_t lost = static_cast<int64_t>(rows.size()); lost < run.batches[b].samples; ++lost) {
      costs->order.push_back(costs->steady[Pick(Hash(b, lost), costs->steady.size())]);
    }
  }
}

void LevelStart(RunCosts* costs) {
  SetAsideColdStart(costs);
  for (const bool cold : {false, true}) LevelSamples(cold, costs);
}

double ColdShareOf(const RunCosts& costs) {
  const auto cold =
      std::count_if(costs.steady.begin(), costs.steady.end(), [&](uint32_t row) { return costs.cold[row]; });
  return costs.steady.empty() ? 0 : static_cast<double>(cold) / static_cast<double>(costs.steady.size());
}

}  // namespace stallpoint
