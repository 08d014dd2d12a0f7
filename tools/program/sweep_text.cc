#include "tools/program/sweep_text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fmt/core.h"
#include "tools/program/prediction_table.h"
#include "tools/program/text.h"
#include "traces/export/csv.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// A table with more rows than this is replaced by a map.
constexpr size_t kMostRows = 24;

// Without workers prefetch means nothing, so that settings that differ in it alone are one row.
bool IsRepeated(Knobs knobs, std::vector<Knobs>* without_workers) {
  if (knobs.worker_count > 0) return false;
  knobs.prefetch_depth = 0;
  if (std::find(without_workers->begin(), without_workers->end(), knobs) != without_workers->end()) return true;
  without_workers->push_back(knobs);
  return false;
}

// The recorded setting has a row of its own, unless a limit that was asked for now forbids it or leaves less for the
// page cache.
bool IsRecorded(const Prediction& setting, const Prediction& recorded) {
  Knobs knobs = setting.knobs;
  if (MemoryMark(setting).empty() && !setting.cold_unknown && setting.storage_share == recorded.storage_share) {
    knobs.host_limit_bytes = recorded.knobs.host_limit_bytes;
    knobs.device_limit_bytes = recorded.knobs.device_limit_bytes;
  }
  return knobs == recorded.knobs;
}

bool Recommends(const std::optional<Recommendation>& recommendation, const Prediction& setting) {
  return recommendation && recommendation->knobs == setting.knobs;
}

bool RecommendsAsRecorded(const SweepResult& result) {
  return std::any_of(result.settings.begin(), result.settings.end(),
                     [&](const Prediction& p) {
                       return IsRecorded(p, result.recorded) && Recommends(result.recommended, p);
                     }) ||
         Recommends(result.recommended, result.recorded);
}

std::string Mark(const SweepResult& result, const Prediction& setting) {
  if (Recommends(result.recommended, setting)) return "<- recommended";
  if (Recommends(result.recommended_any_batch, setting)) return "<- best with another batch size";
  return "";
}

std::string SettingsTable(const SweepResult& result, bool only_marked) {
  PredictionTable table;
  table.Add(result.recorded, RecommendsAsRecorded(result) ? "<- recorded, recommended" : "<- recorded");
  std::vector<Knobs> without_workers;
  for (const Prediction& setting : result.settings) {
    if (IsRecorded(setting, result.recorded)) continue;
    if (IsRepeated(setting.knobs, &without_workers)) continue;
    const std::string mark = Mark(result, setting);
    if (!only_marked || !mark.empty()) table.Add(setting, mark);
  }
  return table.Render();
}

// Samples per second and stall of the best setting for each worker count and batch size.
std::string Map(const SweepResult& result) {
  std::map<std::pair<int32_t, int64_t>, const Prediction*> best;
  std::set<int64_t> batches;
  std::set<int32_t> workers;
  for (const Prediction& setting : result.settings) {
    const Prediction*& slot = best[{setting.knobs.worker_count, setting.knobs.batch_size}];
    if (slot == nullptr || setting.throughput_per_s > slot->throughput_per_s) slot = &setting;
    batches.insert(setting.knobs.batch_size);
    workers.insert(setting.knobs.worker_count);
  }
  std::vector<std::string> header = {"workers"};
  for (const int64_t batch : batches) header.push_back(fmt::format("batch {}", batch));
  Table table(header);
  for (const int32_t count : workers) {
    std::vector<std::string> row = {fmt::format("{}", count)};
    for (const int64_t batch : batches) {
      const auto found = best.find({count, batch});
      row.push_back(
          found == best.end() ? "-"
          : found->second->bound == Bound::kMemory
              ? "no memory"
              : fmt::format("{:.4g} ({:.0f} %)", found->second->throughput_per_s, found->second->stall_share() * 100));
    }
    table.Add(row);
  }
  return table.Render();
}

}  // namespace

std::string SweepText(const SweepResult& result) {
  std::string text;
  const bool many = result.settings.size() > kMostRows;
  if (many) {
    text += fmt::format("{} settings; samples/s and (stall) at the best of the other knobs:\n{}",
                        result.settings.size(), Map(result));
  }
  text += SettingsTable(result, many);
  for (const StallPoint& point : result.stall_points) text += StallPointText(point);
  if (const auto& r = result.recommended) {
    text += fmt::format("recommended: {}, prefetch {}{}: {}; {}\n", WorkersText(r->knobs), r->knobs.prefetch_depth,
                        LimitText(r->knobs, result.recorded.knobs), GainText(r->throughput_gain), Printable(r->reason));
  }
  if (!result.recommended && !result.recommended_any_batch) {
    text += NothingFitsText(result.recorded);
  }
  if (const auto& r = result.recommended_any_batch;
      r && !(result.recommended && result.recommended->knobs == r->knobs)) {
    text += fmt::format("with any batch size: batch {}, {}, prefetch {}: {}\n", r->knobs.batch_size,
                        WorkersText(r->knobs), r->knobs.prefetch_depth, GainText(r->throughput_gain));
  }
  return text;
}

std::string SweepCsv(const SweepResult& result) {
  std::string csv =
      "batch_size,worker_count,prefetch_depth,steps_in_flight,host_limit_bytes,device_limit_bytes,step_ms,step_ms_low,"
      "step_ms_high,throughput_per_s,stall_share,bound,stage,wait,host_memory_bytes,device_memory_bytes,extrapolated,"
      "storage_share\n";
  const auto bytes = [](const std::optional<double>& value) { return value ? fmt::format("{:.0f}", *value) : ""; };
  for (const Prediction& p : result.settings) {
    csv += fmt::format("{},{},{},{},{},{},{:.4f},{:.4f},{:.4f},{:.3f},{:.5f},{},{},{},{},{},{},{}\n",
                       p.knobs.batch_size, p.knobs.worker_count, p.knobs.prefetch_depth, p.knobs.steps_in_flight,
                       p.knobs.host_limit_bytes, p.knobs.device_limit_bytes, p.step_ms, p.step_ms_low, p.step_ms_high,
                       p.throughput_per_s, p.stall_share(), Name(p.bound), CsvText(p.stage), Name(p.wait),
                       bytes(p.host_memory_bytes), bytes(p.device_memory_bytes), p.extrapolated ? 1 : 0,
                       p.storage_share ? fmt::format("{:.5f}", *p.storage_share) : "");
  }
  return csv;
}

}  // namespace stallpoint
