#include "replay/json.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "nlohmann/json.hpp"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json Number(const std::optional<double>& value) { return value ? Number(*value) : Json(nullptr); }
Json Text(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// The value of a knob as `knobs` shows it: a number or a truth value where it is one.
Json KnobValue(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) return number;
  return Text(text);
}

Json StallPointJson(const StallPoint& point) {
  return {{"axis", point.axis},
          {"stalled_at", Number(point.stalled_at)},
          {"free_at", Number(point.free_at)},
          {"at", Number(point.at)},
          {"stage", Text(point.stage)},
          {"wait", Text(Name(point.wait))}};
}

void AddGain(const Gain& gain, Json* json) {
  (*json)["throughput_gain"] = Number(gain.expected);
  (*json)["throughput_gain_low"] = Number(gain.low);
  (*json)["throughput_gain_high"] = Number(gain.high);
}

// How sure it is stands beside it where that was asked for.
Json RecommendationJson(const Recommendation& recommendation, const Choice* choice) {
  Json json = {{"knobs", ToJson(recommendation.knobs)}, {"reason", recommendation.reason}};
  AddGain(recommendation.throughput_gain, &json);
  for (const char* key : {"chance", "expected_loss", "high_loss", "ceiling_per_s", "runner_up"}) json[key] = nullptr;
  if (choice == nullptr) return json;
  json["chance"] = Number(choice->chance);
  json["expected_loss"] = Number(choice->expected_loss);
  json["high_loss"] = Number(choice->high_loss);
  json["ceiling_per_s"] = Number(choice->ceiling_per_s);
  if (const auto& other = choice->runner_up) {
    json["runner_up"] = {{"knobs", ToJson(other->setting.knobs)},
                         {"throughput_per_s", Number(other->setting.throughput_per_s)},
                         {"chance", Number(other->chance)}};
  }
  return json;
}

Json RecommendationJson(const std::optional<Recommendation>& recommendation) {
  return recommendation ? RecommendationJson(*recommendation, nullptr) : Json(nullptr);
}

Json RecommendationJson(const std::optional<Choice>& choice) {
  return choice ? RecommendationJson(choice->recommendation, &*choice) : Json(nullptr);
}

Json FixJson(const std::optional<Fix>& fix) {
  if (!fix) return nullptr;
  Json json = {{"knob", fix->knob},          {"from", KnobValue(fix->from)},
               {"to", KnobValue(fix->to)},   {"expected_step_ms", Number(fix->expected_step_ms)},
               {"low", Number(fix->low)},    {"high", Number(fix->high)},
               {"knobs", ToJson(fix->knobs)}};
  AddGain(fix->throughput_gain, &json);
  return json;
}

Json Low(const std::optional<Bounds>& bounds) { return bounds ? Number(bounds->low) : Json(nullptr); }
Json High(const std::optional<Bounds>& bounds) { return bounds ? Number(bounds->high) : Json(nullptr); }

Json Head() { return {{"schema_version", 1}, {"stallpoint_version", STALLPOINT_VERSION}}; }

}  // namespace

Json SharesJson(const Shares& shares) {
  return {{"compute", Number(shares.compute)},     {"copy", Number(shares.copy)},
          {"data_wait", Number(shares.data_wait)}, {"sync", Number(shares.sync)},
          {"launch", Number(shares.launch)},       {"other", Number(shares.other)}};
}

Json PredictionJson(const Prediction& p) {
  return {{"knobs", ToJson(p.knobs)},
          {"step_ms", Number(p.step_ms)},
          {"step_ms_low", Number(p.step_ms_low)},
          {"step_ms_high", Number(p.step_ms_high)},
          {"throughput_per_s", Number(p.throughput_per_s)},
          {"shares", SharesJson(p.shares)},
          {"stall_share", Number(p.stall_share())},
          {"bound", Name(p.bound)},
          {"stage", Text(p.stage)},
          {"wait", Text(Name(p.wait))},
          {"host_memory_bytes", Number(p.host_memory_bytes)},
          {"device_memory_bytes", Number(p.device_memory_bytes)},
          {"p_out_of_memory", Number(p.p_out_of_memory)},
          {"extrapolated", p.extrapolated},
          {"epoch_edge_ms", Number(p.epoch_edge_ms)},
          {"storage_share", Number(p.storage_share)},
          {"stall_share_low", Number(p.stall_bounds.low)},
          {"stall_share_high", Number(p.stall_bounds.high)},
          {"host_memory_bytes_low", Low(p.host_memory_bounds)},
          {"host_memory_bytes_high", High(p.host_memory_bounds)},
          {"device_memory_bytes_low", Low(p.device_memory_bounds)},
          {"device_memory_bytes_high", High(p.device_memory_bounds)},
          {"full_after_samples", Number(p.full_after_samples())}};
}

namespace {

Json SettingsJson(const Prediction& recorded, const std::vector<Prediction>& settings,
                  const std::vector<StallPoint>& stall_points) {
  Json json = Head();
  json["recorded"] = PredictionJson(recorded);
  json["settings"] = Json::array();
  for (const Prediction& p : settings) json["settings"].push_back(PredictionJson(p));
  json["stall_points"] = Json::array();
  for (const StallPoint& point : stall_points) json["stall_points"].push_back(StallPointJson(point));
  return json;
}

}  // namespace

Json SweepJson(const SweepResult& result) {
  Json json = SettingsJson(result.recorded, result.settings, result.stall_points);
  json["recommended"] = RecommendationJson(result.recommended);
  json["recommended_any_batch"] = RecommendationJson(result.recommended_any_batch);
  json["search"] = nullptr;
  return json;
}

Json AdviceJson(const Advice& advice) {
  Json json = SettingsJson(advice.recorded, advice.weighed, advice.stall_points);
  json["recommended"] = RecommendationJson(advice.same_batch);
  json["recommended_any_batch"] = RecommendationJson(advice.any_batch);
  json["search"] = {{"settings", advice.settings},
                    {"simulated", advice.simulated},
                    {"complete", advice.complete},
                    {"stopped", nullptr},
                    {"next", advice.next ? ToJson(*advice.next) : Json(nullptr)},
                    {"live_runs", Json::array()}};
  return json;
}

Json DiagnosisJson(const Diagnosis& diagnosis) {
  Json json = Head();
  json["verdict"] = diagnosis.verdict;
  json["bound"] = Name(diagnosis.bound);
  json["stage"] = Text(diagnosis.stage);
  json["wait"] = Text(Name(diagnosis.wait));
  json["stall_share"] = Number(diagnosis.stall_share);
  json["healthy"] = diagnosis.healthy;
  json["causes"] = Json::array();
  for (const Cause& cause : diagnosis.causes) {
    json["causes"].push_back({{"id", cause.id},
                              {"share", Number(cause.share)},
                              {"evidence", cause.evidence},
                              {"fix", FixJson(cause.fix)},
                              {"advice", Text(cause.advice)}});
  }
  return json;
}

}  // namespace stallpoint
