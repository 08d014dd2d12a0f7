// What `sweep --recommend` prints.
#include <algorithm>

#include "fmt/core.h"
#include "replay/json.h"
#include "tools/program/prediction_table.h"
#include "tools/program/recommend.h"
#include "tools/program/text.h"
#include "traces/outcome.h"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

std::string WithThousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

// A chance as people say it; never more certain than the draws it comes from.
std::string OfHundred(double chance) {
  if (chance > 0.995) return "more than 99 of 100";
  if (chance < 0.005) return "less than 1 of 100";
  return fmt::format("{:.0f} of 100", chance * 100);
}

bool IsNewRow(const Knobs& knobs, std::vector<Knobs>* shown) {
  if (std::find(shown->begin(), shown->end(), knobs) != shown->end()) return false;
  shown->push_back(knobs);
  return true;
}

void AddRows(const std::optional<Choice>& choice, const std::string& mark, PredictionTable* table,
             std::vector<Knobs>* shown) {
  if (!choice) return;
  if (IsNewRow(choice->chosen.knobs, shown)) table->Add(choice->chosen, mark);
  if (choice->runner_up && IsNewRow(choice->runner_up->setting.knobs, shown)) {
    table->Add(choice->runner_up->setting, "runner-up");
  }
}

std::string ChoiceText(const Choice& choice, const Knobs& recorded, const char* head) {
  std::string text = fmt::format(
      "{}: {}{}: {}; {}\n", head, SettingText(choice.chosen.knobs), LimitText(choice.chosen.knobs, recorded),
      GainText(choice.recommendation.throughput_gain), Printable(choice.recommendation.reason));
  text += fmt::format("  within {:.0f} % of the fastest in {} cases", kAsFast * 100, OfHundred(choice.chance));
  if (choice.runner_up) {
    text += fmt::format("; otherwise it is most likely {} (in {})", SettingText(choice.runner_up->setting.knobs),
                        OfHundred(choice.runner_up->chance));
  }
  text += fmt::format(
      "\n  beyond that it loses {:.1f} % of the throughput in the mean, at most {:.1f} % in nine of ten cases",
      choice.expected_loss * 100, choice.high_loss * 100);
  text += fmt::format("; no setting makes more than {:.4g} samples/s\n", choice.ceiling_per_s);
  return text;
}

std::string TrialText(const LiveTrial& trial) {
  const Prediction& p = trial.predicted;
  std::string text = fmt::format("live run of {}: ", SettingText(p.knobs));
  if (trial.run.outcome != trace::OUTCOME_OK || !trial.run.summary) {
    return text + fmt::format("{}: {}\n", OutcomeName(trial.run.outcome), Printable(trial.run.message));
  }
  text += fmt::format("{} a step, {} predicted ({} to {})", Milliseconds(trial.run.summary->step_ms_mean),
                      Milliseconds(p.step_ms), Milliseconds(p.step_ms_low), Milliseconds(p.step_ms_high));
  if (const std::string others = OtherPrograms(trial.run.summary->other_cores); !others.empty()) text += "; " + others;
  return text + "\n";
}

std::string StopText(const Recommended& result) {
  const bool ran = !result.trials.empty();
  if (result.stopped == "budget") return "stopped: the budget is used up, or the next live run would not fit into it\n";
  if (result.stopped == "interrupted") return "stopped: interrupted; the best so far\n";
  if (result.stopped == "runs" && result.advice.next) {
    return fmt::format("a live run of {} would tell most{}: --live {}\n", SettingText(*result.advice.next),
                       ran ? " now" : "", result.trials.size() + 1);
  }
  return "";
}

Json TrialJson(const LiveTrial& trial) {
  Json json = {{"knobs", ToJson(trial.predicted.knobs)},
               {"outcome", OutcomeName(trial.run.outcome)},
               {"step_ms", nullptr},
               {"predicted",
                {{"step_ms", trial.predicted.step_ms},
                 {"step_ms_low", trial.predicted.step_ms_low},
                 {"step_ms_high", trial.predicted.step_ms_high}}},
               {"wall_s", trial.seconds}};
  if (trial.run.summary) json["step_ms"] = trial.run.summary->step_ms_mean;
  return json;
}

}  // namespace

std::string RecommendedText(const Recommended& result) {
  const Advice& advice = result.advice;
  std::string text =
      fmt::format("{} settings searched, {} of them simulated{}\n", WithThousands(advice.settings),
                  WithThousands(advice.simulated), advice.complete ? "" : " before the search was ended");
  PredictionTable table;
  std::vector<Knobs> shown = {advice.recorded.knobs};
  const bool keeps = advice.same_batch && advice.same_batch->chosen.knobs == advice.recorded.knobs;
  table.Add(advice.recorded, keeps ? "<- recorded, recommended" : "<- recorded");
  AddRows(advice.same_batch, "<- recommended", &table, &shown);
  AddRows(advice.any_batch, "<- best with another batch size", &table, &shown);
  text += table.Render();
  for (const StallPoint& point : advice.stall_points) text += StallPointText(point);
  for (const LiveTrial& trial : result.trials) text += TrialText(trial);
  if (advice.same_batch) text += ChoiceText(*advice.same_batch, advice.recorded.knobs, "recommended");
  if (advice.any_batch && !(advice.same_batch && advice.same_batch->chosen.knobs == advice.any_batch->chosen.knobs)) {
    text += ChoiceText(*advice.any_batch, advice.recorded.knobs, "with any batch size");
  }
  if (!advice.same_batch && !advice.any_batch) {
    text += NothingFitsText(advice.recorded);
  }
  return text + StopText(result);
}

Json RecommendedJson(const Recommended& result) {
  Json json = AdviceJson(result.advice);
  json["search"]["stopped"] = result.stopped;
  for (const LiveTrial& trial : result.trials) json["search"]["live_runs"].push_back(TrialJson(trial));
  return json;
}

}  // namespace stallpoint
