// stallpoint replay --live: runs a recorded workload again under other knobs, beside the prediction.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmt/core.h"
#include "harness/run/run_exit.h"
#include "replay/predict/predictor.h"
#include "replay/search/sweep.h"
#include "tools/program/context.h"
#include "tools/program/knob_flags.h"
#include "tools/program/live_request.h"
#include "tools/program/live_setting.h"
#include "tools/program/prediction_table.h"
#include "tools/program/range_flags.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

struct ReplayFlags {
  std::string trace;
  LiveFlags live_run;
  RangeFlags ranges;
  KnobFlags knobs;
  std::vector<std::string> set;
  int repeat = 1;
  bool live = false;
};

RunConditions ConditionsOf(const RunRequest& request) {
  return {.steps = request.steps, .epochs = request.epochs, .cold_start = request.cold_data, .found = std::nullopt};
}

// One for each setting that the ranges ask for, with its prediction where one can be made.
absl::StatusOr<std::vector<LiveSetting>> PlanSettings(const ReplayFlags& flags, const TraceContents& contents,
                                                      const Predictor* predictor, const Context& context) {
  auto base = MakeLiveRequest(flags.live_run, contents.main_run(), context);
  if (!base.ok()) return base.status();
  auto changed_options = ParseSetOptions(flags.set);
  if (!changed_options.ok()) return changed_options.status();
  for (auto& [key, value] : *changed_options) base->options[key] = value;
  auto changed_knobs = flags.knobs.Apply(base->knobs);
  if (!changed_knobs.ok()) return changed_knobs.status();
  base->knobs = *std::move(changed_knobs);
  const auto ranges = flags.ranges.Parse();
  if (!ranges.ok()) return ranges.status();
  std::vector<LiveSetting> settings;
  for (const Knobs& knobs : SettingsOf(base->knobs, *ranges)) {
    if (absl::Status valid = Validate(knobs); !valid.ok()) return valid;
    LiveSetting setting;
    setting.request = *base;
    setting.request.knobs = knobs;
    SetLength(flags.live_run.steps, contents.main_run(), &setting.request);
    if (predictor != nullptr) {
      setting.request.knobs.device = predictor->WithFittedTimes(knobs.device);
      setting.predicted = predictor->PredictRun(setting.request.knobs, ConditionsOf(setting.request));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

int Replay(const ReplayFlags& flags, const Context& context) {
  const auto contents = LoadTrace(flags.trace);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  Predictor::Options options;
  options.threshold = context.threshold;
  const auto fitted = Predictor::Fit(contents->runs, options);
  if (!fitted.ok() && !context.quiet) {
    fmt::print(stderr, "note: no prediction: {}\n", Printable(std::string(fitted.status().message())));
  }
  const Predictor* predictor = fitted.ok() ? fitted->get() : nullptr;
  if (predictor != nullptr && !context.quiet && !context.json) fmt::print(stderr, "{}", ColdForOnceNote(*predictor));
  auto settings = PlanSettings(flags, *contents, predictor, context);
  if (!settings.ok()) return Fail(settings.status(), kExitUsage);

  LiveTraces traces(flags.live_run.output);
  const size_t total = settings->size() * static_cast<size_t>(flags.repeat);
  size_t done = 0;
  // Once round all settings before any is repeated, so that what changes on the machine meets them all.
  for (int i = 0; i < flags.repeat; ++i) {
    for (LiveSetting& setting : *settings) {
      if (Context::interrupted()) break;
      traces.Place(&setting.request);
      std::optional<RunRecord> record;
      auto run = RunOnce(setting.request, fmt::format("live run {}/{}", ++done, total), context, &record);
      if (!run.ok()) return Fail(run.status(), ExitCodeOf(run.status()));
      if (predictor != nullptr && record) {
        RunConditions told = ConditionsOf(setting.request);
        told.found = predictor->FindingsOf(*record);
        if (told.found) {
          run->told_step_ms = predictor->PredictRun(setting.request.knobs, told).step_ms;
          run->storage_share = told.found->storage_share;
        }
      }
      setting.runs.push_back(*std::move(run));
    }
  }
  if (context.json) {
    PrintJson(ReplayJson(*settings));
  } else {
    fmt::print("{}", ReplayText(*settings));
  }
  if (Context::interrupted()) return kExitInterrupted;
  const bool all_ok = std::all_of(settings->begin(), settings->end(), [](const LiveSetting& s) { return s.AllOk(); });
  return all_ok ? kExitOk : kExitWorkload;
}

}  // namespace

void AddReplay(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand(
      "replay", "Run a recorded workload again under other knobs, one setting or several, beside the prediction");
  auto flags = std::make_shared<ReplayFlags>();
  verb->add_option("FILE", flags->trace, "The trace; what is not given comes from it")->required();
  verb->add_flag("--live", flags->live, "Really run it")->required();
  verb->add_option("--repeat", flags->repeat, "Times to run each setting")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  flags->live_run.AddTo(*verb);
  verb->add_option("--set", flags->set, "Option of the workload, e.g. --set read_latency=20ms")->type_name("KEY=VALUE");
  flags->ranges.AddTo(*verb);
  flags->knobs.AddOthersTo(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = Replay(*flags, context); });
}

}  // namespace stallpoint
