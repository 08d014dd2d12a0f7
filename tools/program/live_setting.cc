#include "tools/program/live_setting.h"

#include <algorithm>
#include <cmath>

#include "absl/types/span.h"
#include "fmt/core.h"
#include "replay/json.h"
#include "replay/statistics.h"
#include "tools/program/context.h"
#include "tools/program/prediction_table.h"
#include "tools/program/text.h"
#include "traces/outcome.h"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

// Of the runs that ended ok.
std::vector<double> FiguresOf(const std::vector<LiveRun>& runs, double RunSummary::*figure) {
  std::vector<double> figures;
  for (const LiveRun& run : runs) {
    if (run.outcome == trace::OUTCOME_OK && run.summary) figures.push_back((*run.summary).*figure);
  }
  return figures;
}

std::optional<double> MeanOf(const std::vector<LiveRun>& runs, double RunSummary::*figure) {
  const std::vector<double> figures = FiguresOf(runs, figure);
  if (figures.empty()) return std::nullopt;
  return Mean(figures);
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json PredictedJson(const std::optional<Prediction>& p) {
  const bool wall = p && p->wall;
  return {{"step_ms", p ? Json(p->step_ms) : Json(nullptr)},
          {"step_ms_low", p ? Json(p->step_ms_low) : Json(nullptr)},
          {"step_ms_high", p ? Json(p->step_ms_high) : Json(nullptr)},
          {"stall_share", p ? Json(p->stall_share()) : Json(nullptr)},
          {"wall_s", wall ? Json(p->wall->s) : Json(nullptr)},
          {"wall_s_low", wall ? Json(p->wall->s_low) : Json(nullptr)},
          {"wall_s_high", wall ? Json(p->wall->s_high) : Json(nullptr)}};
}

std::string SecondsText(double s) { return fmt::format("{:.3g} s", s); }

// How long the run was to take and took, where that is known.
std::string LengthText(const LiveSetting& setting) {
  const std::optional<double> measured = setting.MeasuredWallS();
  if (!setting.predicted || !setting.predicted->wall || !measured) return "";
  const RunLength& wall = *setting.predicted->wall;
  return fmt::format("whole run, start-up included: {} predicted ({} to {}), {} measured\n", SecondsText(wall.s),
                     SecondsText(wall.s_low), SecondsText(wall.s_high), SecondsText(*measured));
}

std::string NameOf(const Knobs& knobs) {
  return fmt::format("batch {}, {} worker{}, prefetch {}", knobs.batch_size, knobs.worker_count,
                     knobs.worker_count == 1 ? "" : "s", knobs.prefetch_depth);
}

std::string IntervalOf(const Prediction& p) {
  return fmt::format("{} to {}", Milliseconds(p.step_ms_low), Milliseconds(p.step_ms_high));
}

// What else the machine did during the run that it disturbed most.
std::string DisturbedText(absl::Span<const LiveSetting> settings) {
  std::optional<double> most;
  for (const LiveSetting& setting : settings) {
    for (const LiveRun& run : setting.runs) {
      if (run.summary) most = std::max(most, run.summary->other_cores);
    }
  }
  const std::string others = OtherPrograms(most);
  return others.empty() ? "" : "  measured on a machine that was not idle: " + others + "\n";
}

// Where the page cache held more or less of the data than was expected.
std::string CacheText(const LiveSetting& setting) {
  constexpr double kWorthSaying = 0.05;
  if (!setting.predicted || !setting.predicted->storage_share) return "";
  const double expected = *setting.predicted->storage_share;
  for (const LiveRun& run : setting.runs) {
    if (!run.storage_share || std::abs(*run.storage_share - expected) < kWorthSaying) continue;
    return fmt::format("{:.0f} % of the samples came from storage, {:.0f} % were expected to{}\n",
                       *run.storage_share * 100, expected * 100,
                       *run.storage_share < expected && !setting.request.cold_data
                           ? ": the page cache held them from earlier runs (--cold begins without)"
                           : "");
  }
  return "";
}

std::string OneSetting(const LiveSetting& setting) {
  std::string text =
      fmt::format("{}, device {}\n", NameOf(setting.request.knobs), Printable(setting.request.knobs.device));
  Table table({"", "step", "interval", "stall", "samples/s", "outcome"});
  const std::optional<Prediction>& predicted = setting.predicted;
  if (predicted) {
    table.Add({"predicted", Milliseconds(predicted->step_ms), IntervalOf(*predicted), Percent(predicted->stall_share()),
               fmt::format("{:.4g}", predicted->throughput_per_s), MemoryMark(*predicted)});
  }
  for (const LiveRun& run : setting.runs) {
    if (run.summary) {
      table.Add({"measured", Milliseconds(run.summary->step_ms_mean), "", Percent(run.summary->shares.stall()),
                 fmt::format("{:.4g}", run.summary->throughput_per_s), OutcomeName(run.outcome)});
    } else {
      table.Add({"measured", "", "", "", "", OutcomeName(run.outcome)});
    }
  }
  text += table.Render() + DisturbedText(absl::MakeConstSpan(&setting, 1));
  for (const LiveRun& run : setting.runs) {
    if (!run.message.empty()) text += fmt::format("  {}\n", Printable(run.message));
  }
  if (const auto measured = setting.MeasuredStepMs(); predicted && measured) {
    const bool inside = *measured >= predicted->step_ms_low && *measured <= predicted->step_ms_high;
    const std::optional<double> noise = setting.Noise();
    text +=
        fmt::format("error of the prediction {:+.1f} %; measured {} the interval{}\n", *setting.Error() * 100,
                    inside ? "inside" : "outside", noise ? fmt::format("; runs vary by {:.1f} %", *noise * 100) : "");
    if (const std::optional<double> told = setting.ErrorTold()) {
      text += CacheText(setting);
      text += fmt::format("told how fast the host computed in {}{}: {:+.1f} %\n",
                          setting.runs.size() == 1 ? "that run" : "those runs",
                          CacheText(setting).empty() ? "" : ", and what came from storage", *told * 100);
    }
    text += LengthText(setting);
  }
  return text;
}

// The outcome of all runs where they agree, else of those that were not ok.
std::string OutcomesOf(const std::vector<LiveRun>& runs) {
  std::string text;
  for (const LiveRun& run : runs) {
    const std::string name = OutcomeName(run.outcome);
    if (run.outcome != trace::OUTCOME_OK && text.find(name) == std::string::npos)
      text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "ok" : text;
}

std::string SeveralSettings(const std::vector<LiveSetting>& settings) {
  Table table({"batch", "workers", "prefetch", "predicted", "interval", "measured", "error", "stall", "outcome"});
  std::string messages;
  for (const LiveSetting& setting : settings) {
    if (setting.runs.empty()) continue;
    const Knobs& knobs = setting.request.knobs;
    const std::optional<double> measured = setting.MeasuredStepMs(), error = setting.Error();
    const std::optional<RunSummary>& last = setting.runs.back().summary;
    table.Add({fmt::format("{}", knobs.batch_size), fmt::format("{}", knobs.worker_count),
               fmt::format("{}", knobs.prefetch_depth),
               setting.predicted ? Milliseconds(setting.predicted->step_ms) : "-",
               setting.predicted ? IntervalOf(*setting.predicted) : "-", measured ? Milliseconds(*measured) : "-",
               error ? fmt::format("{:+.1f} %", *error * 100) : "-", last ? Percent(last->shares.stall()) : "-",
               OutcomesOf(setting.runs)});
    for (const LiveRun& run : setting.runs) {
      if (!run.message.empty()) messages += fmt::format("{}: {}\n", NameOf(knobs), Printable(run.message));
    }
  }
  return table.Render() + DisturbedText(settings) + messages;
}

}  // namespace

bool LiveSetting::AllOk() const {
  return std::all_of(runs.begin(), runs.end(),
                     [](const LiveRun& run) { return run.outcome == trace::OUTCOME_OK && run.summary; });
}

std::optional<double> LiveSetting::MeasuredStepMs() const { return MeanOf(runs, &RunSummary::step_ms_mean); }

std::optional<double> LiveSetting::MeasuredWallS() const { return MeanOf(runs, &RunSummary::wall_s); }

std::optional<double> LiveSetting::Error() const {
  const std::optional<double> measured = MeasuredStepMs();
  if (!predicted || !measured) return std::nullopt;
  return predicted->step_ms / *measured - 1;
}

std::optional<double> LiveSetting::ErrorTold() const {
  std::vector<double> errors;
  for (const LiveRun& run : runs) {
    if (run.outcome != trace::OUTCOME_OK || !run.summary || !run.told_step_ms) continue;
    errors.push_back(*run.told_step_ms / run.summary->step_ms_mean - 1);
  }
  if (errors.empty()) return std::nullopt;
  return Mean(errors);
}

std::optional<double> LiveSetting::Noise() const {
  const std::vector<double> times = FiguresOf(runs, &RunSummary::step_ms_mean);
  if (times.size() < 2) return std::nullopt;
  return StandardDeviation(times) / Mean(times);
}

Json ReplayJson(const std::vector<LiveSetting>& settings) {
  Json json = JsonHead();
  json["runs"] = Json::array();
  Json each = Json::array();
  for (const LiveSetting& setting : settings) {
    Json outcomes = Json::array();
    for (const LiveRun& run : setting.runs) {
      Json one = {{"knobs", ToJson(setting.request.knobs)}, {"outcome", OutcomeName(run.outcome)}};
      one["step_ms"] = nullptr;
      one["shares"] = nullptr;
      one["wall_s"] = nullptr;
      if (run.summary) {
        one["step_ms"] = {{"median", run.summary->step_ms_median},
                          {"p90", run.summary->step_ms_p90},
                          {"mean", run.summary->step_ms_mean}};
        one["shares"] = SharesJson(run.summary->shares);
        one["wall_s"] = run.summary->wall_s;
      }
      json["runs"].push_back(one);
      outcomes.push_back(OutcomeName(run.outcome));
    }
    each.push_back({{"knobs", ToJson(setting.request.knobs)},
                    {"outcomes", outcomes},
                    {"predicted", PredictedJson(setting.predicted)},
                    {"error", OrNull(setting.Error())},
                    {"error_told", OrNull(setting.ErrorTold())},
                    {"noise", OrNull(setting.Noise())}});
  }
  // Of a single setting these stand at the top, as they always have.
  const bool single = settings.size() == 1;
  json["predicted"] = PredictedJson(single ? settings.front().predicted : std::nullopt);
  json["error"] = single ? OrNull(settings.front().Error()) : Json(nullptr);
  json["error_told"] = single ? OrNull(settings.front().ErrorTold()) : Json(nullptr);
  json["noise"] = single ? OrNull(settings.front().Noise()) : Json(nullptr);
  json["settings"] = each;
  return json;
}

std::string ReplayText(const std::vector<LiveSetting>& settings) {
  return settings.size() == 1 ? OneSetting(settings.front()) : SeveralSettings(settings);
}

}  // namespace stallpoint
