#include "traces/info_json.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "nlohmann/json.hpp"
#include "traces/counter_summary.h"
#include "traces/growth.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json SharesJson(const Shares& shares) {
  return {{"compute", shares.compute}, {"copy", shares.copy},     {"data_wait", shares.data_wait},
          {"sync", shares.sync},       {"launch", shares.launch}, {"other", shares.other}};
}

Json StagesJson(const RunSummary& summary) {
  Json stages = Json::array();
  for (const StageSummary& stage : summary.stages) {
    stages.push_back({{"name", stage.name},
                      {"wall_ms", stage.wall_ms},
                      {"cpu_ms", stage.cpu_ms},
                      {"run_queue_ms", stage.run_queue_ms},
                      {"io_ms", stage.io_ms},
                      {"blocked_ms", stage.blocked_ms},
                      {"bytes", stage.bytes},
                      {"storage_bytes", stage.storage_bytes}});
  }
  return stages;
}

Json GapsJson(const TraceContents& contents) {
  Json gaps = Json::array();
  for (const Gap& gap : contents.gaps) {
    gaps.push_back({{"offset_bytes", gap.offset_bytes},
                    {"length_bytes", gap.length_bytes},
                    {"frames_lost", gap.frames_lost},
                    {"reason", gap.reason}});
  }
  return gaps;
}

Json PhasesJson(const RunRecord& run) {
  Json phases = Json::array();
  for (const PhaseSpan& phase : run.phases) {
    phases.push_back({{"name", phase.name},
                      {"begin_s", static_cast<double>(phase.begin_ns - run.begin_ns) / 1e9},
                      {"end_s", static_cast<double>(phase.end_ns - run.begin_ns) / 1e9}});
  }
  return phases;
}

// Step times in milliseconds; null when no step ended.
Json StepsJson(const RunSummary& summary) {
  const bool stepped = summary.window.steps() > 0;
  auto if_stepped = [&](double value) { return stepped ? Json(value) : Json(nullptr); };
  return {{"median", if_stepped(summary.step_ms_median)},
          {"p90", if_stepped(summary.step_ms_p90)},
          {"mean", if_stepped(summary.step_ms_mean)}};
}

// Per sample, once the pipeline was full.
Json GrowthJson(const RunRecord& run) {
  const auto per_sample = [](const std::optional<Growth>& growth) {
    return growth ? Json(growth->per_sample()) : Json(nullptr);
  };
  return {{"host_memory_bytes", per_sample(MeasureGrowth(run, "host_memory_held"))},
          {"device_memory_bytes", per_sample(MeasureDeviceGrowth(run))},
          {"open_files", per_sample(MeasureGrowth(run, "open_files"))}};
}

Json CalibrationJson(const TraceContents& contents) {
  Json runs = Json::array();
  for (const RunRecord& run : contents.runs) {
    if (run.role != RunRecord::Role::kCalibration) continue;
    const RunSummary summary = Summarize(run);
    runs.push_back({{"knobs", ToJson(run.knobs)}, {"steps", summary.steps}, {"step_ms", StepsJson(summary)}});
  }
  return runs;
}

Json ProbesJson(const RunRecord& run) {
  Json probes = Json::array();
  for (const ProbeRecord& probe : run.probes) {
    Json series = Json::array();
    for (const CounterSummary& one : SummarizeProbe(run, probe)) {
      series.push_back(
          {{"name", one.name}, {"unit", one.unit}, {"values", one.values}, {"mean", one.mean}, {"max", one.most}});
    }
    probes.push_back({{"id", probe.id},
                      {"version", probe.version},
                      {"polls", probe.told() ? Json(probe.polls) : Json(nullptr)},
                      {"cpu_ms", probe.told() ? Json(static_cast<double>(probe.cpu_ns) / 1e6) : Json(nullptr)},
                      {"stopped", TextOrNull(probe.stopped)},
                      {"series", series}});
  }
  return probes;
}

}  // namespace

Json InfoJson(const TraceContents& contents) { return InfoJson(contents, contents.main_run()); }

Json InfoJson(const TraceContents& contents, const RunRecord& run) {
  const RunSummary summary = Summarize(run);
  const bool stepped = summary.window.steps() > 0;
  auto if_stepped = [&](double value) { return stepped ? Json(value) : Json(nullptr); };
  return {
      {"schema_version", 1},
      {"stallpoint_version", STALLPOINT_VERSION},
      {"knobs", ToJson(run.knobs)},
      {"source", run.source},
      {"closed", run.closed},
      {"outcome", run.outcome},
      {"steps", summary.steps},
      {"samples", summary.samples},
      {"wall_s", summary.wall_s},
      {"startup_s", if_stepped(summary.startup_s)},
      {"epoch_edge_ms", OrNull(summary.epoch_edge_ms)},
      {"steady", summary.window.steady},
      {"step_ms", StepsJson(summary)},
      {"throughput_per_s", if_stepped(summary.throughput_per_s)},
      {"shares", SharesJson(summary.shares)},
      {"stall_share", summary.shares.stall()},
      {"stages", StagesJson(summary)},
      {"host_memory_bytes", OrNull(summary.host_memory_bytes)},
      {"device_memory_bytes", OrNull(summary.device_memory_bytes)},
      {"growth_per_sample", GrowthJson(run)},
      {"device_work_steps", std::min(run.device_work_steps, summary.steps)},
      {"other_cores", OrNull(summary.other_cores)},
      {"limits",
       {{"host", TextOrNull(run.host_limit_enforcement)}, {"device", TextOrNull(run.device_limit_enforcement)}}},
      {"events",
       {{"emitted", run.emitted},
        {"recorded", run.recorded},
        {"dropped", run.dropped},
        {"set_aside", run.set_aside + run.read_set_aside},
        {"unknown_ids", run.unknown_ids}}},
      {"gaps", GapsJson(contents)},
      {"phases", PhasesJson(run)},
      {"calibration_runs", CalibrationJson(contents)},
      {"probes", ProbesJson(run)},
  };
}

}  // namespace stallpoint
