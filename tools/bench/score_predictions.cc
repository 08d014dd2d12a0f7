// Predictions from a recorded trace against kept traces of live runs, as one JSON object: a row a live run, with how
// many times as slowly as in the recorded run the host computed in it.
//
//   score_predictions RECORDED LIVE...
#include <optional>

#include "fmt/core.h"
#include "nlohmann/json.hpp"
#include "replay/predict/predictor.h"
#include "replay/search/decision.h"
#include "replay/search/live_finding.h"
#include "tools/bench/trace_or_exit.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json Bytes(const std::optional<T>& bytes) {
  return bytes ? Json(*bytes) : Json(nullptr);
}

// [bytes, low, high]
Json Memory(const std::optional<double>& bytes, const std::optional<Bounds>& bounds) {
  return bytes ? Json{*bytes, bounds->low, bounds->high} : Json(nullptr);
}

// By how much more samples a second the run made than the recorded setting would have made in its minute.
void AddGain(const Predictor& predictor, const RunRecord& live, RunConditions conditions, const Prediction& blind,
             double measured_ms, Json* row) {
  const Knobs& recorded = predictor.recorded();
  if (conditions.found) conditions.found->workers.clear();  // it has others
  const double in_that_minute = predictor.PredictRun(recorded, conditions).step_ms;
  conditions.found = std::nullopt;
  const double usual = predictor.PredictRun(recorded, conditions).step_ms;
  const double larger = static_cast<double>(live.knobs.batch_size) / static_cast<double>(recorded.batch_size);
  const Gain gain = GainOf(predictor, predictor.Predict(recorded), predictor.Predict(live.knobs));
  const double expected = larger * usual / blind.step_ms;
  (*row)["measured_gain"] = larger * in_that_minute / measured_ms;
  (*row)["gain"] = expected;
  (*row)["gain_low"] = expected * gain.low / gain.expected;
  (*row)["gain_high"] = expected * gain.high / gain.expected;
}

// `main`: what was found of the recorded run.
Json Scored(const Predictor& predictor, const RunFindings& main, const RunRecord& live) {
  RunConditions conditions = ConditionsOf(live);
  const Prediction blind = predictor.PredictRun(live.knobs, conditions);
  const RunSummary measured = Summarize(live);
  conditions.found = predictor.FindingsOf(live);
  Json row = {{"batch", live.knobs.batch_size},
              {"workers", live.knobs.worker_count},
              {"prefetch", live.knobs.prefetch_depth},
              {"cores", live.usable_cores},
              {"measured_ms", measured.step_ms_mean},
              {"measured_stall_share", measured.shares.stall()},
              {"step_ms", blind.step_ms},
              {"step_ms_low", blind.step_ms_low},
              {"step_ms_high", blind.step_ms_high},
              {"stall_share", blind.stall_share()},
              {"told_ms", nullptr},
              {"loading_slower", 1},
              {"stepping_slower", 1},
              {"measured_host_memory", Bytes(measured.host_memory_bytes)},
              {"measured_device_memory", Bytes(measured.device_memory_bytes)},
              {"stall_share_low", blind.stall_bounds.low},
              {"stall_share_high", blind.stall_bounds.high},
              {"host_memory", Memory(blind.host_memory_bytes, blind.host_memory_bounds)},
              {"device_memory", Memory(blind.device_memory_bytes, blind.device_memory_bounds)},
              {"measured_wall_s", measured.wall_s},
              {"wall_s", nullptr}};
  if (blind.wall) {
    row["wall_s"] = blind.wall->s;
    row["wall_s_low"] = blind.wall->s_low;
    row["wall_s_high"] = blind.wall->s_high;
  }
  if (conditions.found) {
    row["told_ms"] = predictor.PredictRun(live.knobs, conditions).step_ms;
    row["loading_slower"] = conditions.found->loading / main.loading;
    row["stepping_slower"] = conditions.found->device / main.device;
  }
  AddGain(predictor, live, conditions, blind, measured.step_ms_mean, &row);
  return row;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: score_predictions RECORDED LIVE...\n");
    return 2;
  }
  const stallpoint::TraceContents recorded = stallpoint::LoadOrExit(argv[1]);
  const auto predictor = stallpoint::FitOrExit(argv[1], recorded.runs);
  const auto main = predictor->FindingsOf(recorded.main_run()).value_or(stallpoint::RunFindings{});
  stallpoint::Json rows = stallpoint::Json::array();
  for (int i = 2; i < argc; ++i) {
    rows.push_back(stallpoint::Scored(*predictor, main, stallpoint::LoadOrExit(argv[i]).runs.back()));
  }
  fmt::print("{}\n", rows.dump());
}
