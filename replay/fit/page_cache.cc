#include "replay/fit/page_cache.h"

#include <algorithm>
#include <cmath>

#include "replay/fit/cost_model.h"
#include "replay/fit/memory_forecast.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// Memory of the run by which what is left for the cache may be off, relative, standard.
constexpr double kTakenError = 0.02;
// Of the way from the least recently used going first to a fixed part that stays, under Linux 6.18: mean, of what is
// cached, and most, of 30 runs of eight passes (replay/evidence.md).
constexpr double kUsualPart = 0.3, kMostPart = 0.6;

// How much of the data a setting's memory caches; nothing where its limit or what the run takes is unknown.
std::optional<double> CachedPart(const CostModel& model, const Knobs& knobs, double errors) {
  const PageCache& cache = model.page_cache;
  const double limit =
      knobs.host_limit_bytes > 0 ? static_cast<double>(knobs.host_limit_bytes) : model.memory.machine_bytes;
  Fill fill;
  fill.batches = std::max<int64_t>(1, int64_t{knobs.worker_count} * knobs.prefetch_depth + 1);
  const std::optional<double> host = HostBytes(model, knobs, fill);
  if (!host || limit <= 0 || cache.data_bytes <= 0) return std::nullopt;
  return std::max(0.0, limit - *host * (1 + errors * kTakenError)) / cache.data_bytes;
}

std::optional<double> ShareOf(const CostModel& model, const Knobs& knobs, double errors) {
  const Knobs& recorded = model.recorded;
  if (knobs.host_limit_bytes == 0 && recorded.host_limit_bytes == 0) return std::nullopt;
  const std::optional<double> settled = SettledColdShare(model, knobs, errors);
  if (!settled || knobs.host_limit_bytes != recorded.host_limit_bytes) return settled;
  // Under the recorded limit it is as recorded, but for what other memory the run takes.
  const std::optional<double> before = SettledColdShare(model, recorded, errors);
  if (!before || *before == *settled) return std::nullopt;
  return std::clamp(model.page_cache.cold_share + *settled - *before, 0.0, 1.0);
}

}  // namespace

std::optional<double> SettledColdShare(const CostModel& model, const Knobs& knobs, double errors) {
  const std::optional<double> cached = CachedPart(model, knobs, errors);
  if (!cached) return std::nullopt;
  return (1 - HitsOfShuffledPasses(*cached).At(errors)) * model.page_cache.most_cold;
}

double HitShare::At(double errors) const {
  const double end = errors > 0 ? least : most;
  return std::clamp(usual + (end - usual) * std::abs(errors) / TwoSidedZ(0.9), 0.0, 1.0);
}

HitShare HitsOfShuffledPasses(double cached) {
  if (cached >= 1) return {};
  if (cached <= 0) return {0, 0, 0};
  HitShare hits;
  hits.least = cached + (1 - cached) * std::log1p(-cached);
  hits.usual = hits.least + kUsualPart * cached * (cached - hits.least);
  hits.most = hits.least + kMostPart * (cached - hits.least);
  return hits;
}

std::optional<double> ColdShare(const CostModel& model, const Knobs& knobs, double errors) {
  return model.page_cache.cold_seen ? ShareOf(model, knobs, errors) : std::nullopt;
}

bool ColdForOnce(const CostModel& model) {
  const PageCache& cache = model.page_cache;
  if (cache.cold_start || !cache.cold_seen || cache.cold_share <= kSameShare) return false;
  return SettledColdShare(model, model.recorded, 0).value_or(1) <= kSameShare;
}

bool CostOfColdUnknown(const CostModel& model, const Knobs& knobs) {
  if (!model.page_cache.only_warm) return false;
  // A run that does not fit itself has another problem.
  return ShareOf(model, knobs, 0).value_or(0) > 0 && CachedPart(model, knobs, 0).value_or(0) > 0;
}

}  // namespace stallpoint
