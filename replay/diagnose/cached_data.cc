#include "replay/diagnose/cached_data.h"

#include <algorithm>
#include <cmath>

#include "fmt/core.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr double kWorthSaying = 0.01;  // of the samples
constexpr double kRoundedTo = 64.0 * 1024 * 1024;
// Of what run and data take, for what is only known so well.
constexpr double kMargin = 1.03;

bool ReadsFromStorage(const Case& c) {
  return c.predictor != nullptr && c.model && c.model->storage_share.value_or(0) >= kWorthSaying;
}

// Memory that holds the run and all of its data; nothing where one of the two is unknown.
std::optional<double> BytesForAll(const Case& c) {
  if (!ReadsFromStorage(c) || !c.model->host_memory_bytes || c.predictor->DataBytes() <= 0) return std::nullopt;
  return *c.model->host_memory_bytes + c.predictor->DataBytes();
}

// What the run may take: its limit, else the machine; 0 when unknown.
double BytesAllowed(const Case& c) {
  const uint64_t limit = c.run.knobs.host_limit_bytes;
  return static_cast<double>(limit > 0 ? limit : c.run.machine_memory_bytes);
}

}  // namespace

std::string CacheEvidence(const Case& c) {
  if (!ReadsFromStorage(c)) return "";
  const Prediction cached = c.predictor->PredictWithout(c.predictor->recorded(), Predictor::Without::kStorageReads);
  return fmt::format(
      "{:.0f} % of the samples came from storage, the others from the page cache; if all did, a step would take {:.3g} "
      "ms (simulated)",
      *c.model->storage_share * 100, cached.step_ms);
}

std::string CacheAdvice(const Case& c) {
  const std::optional<double> needed = BytesForAll(c);
  const double allowed = BytesAllowed(c);
  if (!needed || allowed <= 0) return "";
  const std::string data = HumanSize(c.predictor->DataBytes());
  const bool limited = c.run.knobs.host_limit_bytes > 0;
  if (*needed <= allowed) {
    return fmt::format(
        " This was a first pass: the data set takes {} of page cache and {} {}, so that later passes find it in "
        "memory.",
        data, limited ? "the limit is" : "this machine has", HumanSize(allowed));
  }
  return fmt::format(
      " The data set takes {} of page cache, more than the {} that {} leaves beside the run: later passes read from "
      "storage too.",
      data, HumanSize(std::max(0.0, allowed - *c.model->host_memory_bytes)), limited ? "its limit" : "this machine");
}

std::optional<Prediction> WithRoomForData(const Case& c) {
  const std::optional<double> needed = BytesForAll(c);
  if (!needed || c.run.knobs.host_limit_bytes == 0 || *needed <= BytesAllowed(c)) return std::nullopt;
  Knobs knobs = c.predictor->recorded();
  knobs.host_limit_bytes = static_cast<uint64_t>(std::ceil(*needed * kMargin / kRoundedTo) * kRoundedTo);
  return c.predictor->Predict(knobs);
}

}  // namespace stallpoint
