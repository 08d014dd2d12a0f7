// stallpoint replay --live: runs a recorded workload again under other knobs, beside the prediction.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fmt/core.h"
#include "harness/run/run_exit.h"
#include "replay/predictor.h"
#include "replay/sweep.h"
#include "tools/program/context.h"
#include "tools/program/knob_flags.h"
#include "tools/program/live_setting.h"
#include "tools/program/range_flags.h"
#include "tools/program/run_verb.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

struct ReplayFlags {
  std::string trace, plugin, data, output;
  std::vector<std::string> set;
  RangeFlags ranges;
  KnobFlags knobs;
  int64_t steps = 0;
  int repeat = 1;
  bool live = false, in_process = false;
};

// A folder for traces that the user did not ask to keep; removed with what is in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "stallpoint-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

absl::StatusOr<RunRequest> MakeRequest(const ReplayFlags& flags, const RunRecord& recorded, const Context& context) {
  RunRequest request;
  if (flags.plugin.empty() && recorded.source_was_file) {
    return absl::InvalidArgumentError(absl::StrCat("the run was recorded with a plugin file (id '", recorded.source,
                                                   "'), and a trace never names a path: give --plugin FILE again"));
  }
  request.plugin = flags.plugin.empty() ? recorded.source : flags.plugin;
  request.data_dir =
      flags.data.empty() ? recorded.data_dir : std::filesystem::absolute(flags.data).lexically_normal().string();
  request.options = recorded.options;
  auto changed = ParseSetOptions(flags.set);
  if (!changed.ok()) return changed.status();
  for (auto& [key, value] : *changed) request.options[key] = value;
  auto knobs = flags.knobs.Apply(recorded.knobs);
  if (!knobs.ok()) return knobs.status();
  request.knobs = *std::move(knobs);
  request.role = trace::RUN_ROLE_LIVE;
  request.overwrite = context.force;
  request.in_process = flags.in_process;
  return request;
}

// Long enough for the pipeline of its setting to be full for a while.
void SetLength(const ReplayFlags& flags, const RunRecord& recorded, RunRequest* request) {
  const int64_t enough = 3 * int64_t{request->knobs.worker_count} * request->knobs.prefetch_depth + 20;
  if (flags.steps > 0) {
    request->steps = flags.steps;
  } else if (recorded.planned_epochs > 0) {
    const int64_t per_epoch = std::max<int64_t>(
        1,
        recorded.dataset_samples > 0 ? recorded.dataset_samples / std::max<int64_t>(1, request->knobs.batch_size) : 1);
    request->epochs = std::max(recorded.planned_epochs, (enough + per_epoch - 1) / per_epoch);
  } else {
    request->steps = std::max<int64_t>(recorded.planned_steps, enough);
  }
}

absl::StatusOr<LiveRun> RunOnce(const RunRequest& request, const std::string& what, const Context& context) {
  const auto outcome = ExecuteShown(request, what, context);
  if (!outcome.ok()) return outcome.status();
  LiveRun run{outcome->outcome, outcome->message, std::nullopt};
  const auto contents = LoadTrace(request.trace_path);
  if (contents.ok() && !contents->runs.back().iterations.empty()) run.summary = Summarize(contents->runs.back());
  return run;
}

// One for each setting that the ranges ask for, with its prediction where one can be made.
absl::StatusOr<std::vector<LiveSetting>> PlanSettings(const ReplayFlags& flags, const TraceContents& contents,
                                                      const Context& context) {
  const auto base = MakeRequest(flags, contents.main_run(), context);
  if (!base.ok()) return base.status();
  const auto ranges = flags.ranges.Parse();
  if (!ranges.ok()) return ranges.status();
  Predictor::Options options;
  options.threshold = context.threshold;
  const auto predictor = Predictor::Fit(contents.runs, options);
  if (!predictor.ok() && !context.quiet) {
    fmt::print(stderr, "note: no prediction: {}\n", Printable(std::string(predictor.status().message())));
  }
  std::vector<LiveSetting> settings;
  for (const Knobs& knobs : SettingsOf(base->knobs, *ranges)) {
    if (absl::Status valid = Validate(knobs); !valid.ok()) return valid;
    LiveSetting setting;
    setting.request = *base;
    setting.request.knobs = knobs;
    SetLength(flags, contents.main_run(), &setting.request);
    if (predictor.ok()) {
      setting.request.knobs.device = (*predictor)->WithFittedTimes(knobs.device);
      setting.predicted = setting.request.epochs > 0
                              ? (*predictor)->Predict(setting.request.knobs)
                              : (*predictor)->PredictRun(setting.request.knobs, setting.request.steps);
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

int Replay(const ReplayFlags& flags, const Context& context) {
  const auto contents = LoadTrace(flags.trace);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  auto settings = PlanSettings(flags, *contents, context);
  if (!settings.ok()) return Fail(settings.status(), kExitUsage);

  const ScratchFolder scratch;
  const size_t total = settings->size() * static_cast<size_t>(flags.repeat);
  size_t done = 0;
  // Once round all settings before any is repeated, so that what changes on the machine meets them all.
  for (int i = 0; i < flags.repeat; ++i) {
    for (LiveSetting& setting : *settings) {
      if (Context::interrupted()) break;
      RunRequest& request = setting.request;
      const bool keep = !flags.output.empty();
      request.trace_path = keep ? flags.output : (scratch.path() / fmt::format("{}.sptrace", done)).string();
      request.append = keep && done > 0;
      auto run = RunOnce(request, fmt::format("live run {}/{}", ++done, total), context);
      if (!run.ok()) return Fail(run.status(), ExitCodeOf(run.status()));
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
  verb->add_option("--plugin", flags->plugin, "Workload (the trace's id), searched in the trusted path or a file")
      ->type_name("ID|FILE");
  verb->add_option("--data", flags->data, "Folder of the data set (the trace's)")->type_name("DIR");
  verb->add_option("--steps", flags->steps, "Steps to run (the trace's, at least 3 x workers x prefetch + 20)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--repeat", flags->repeat, "Times to run each setting")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--set", flags->set, "Option of the workload, e.g. --set read_latency=20ms")->type_name("KEY=VALUE");
  verb->add_option("-o,--output", flags->output, "Keep the trace of the live runs")->type_name("FILE");
  verb->add_flag("--in-process", flags->in_process, "Run inside this process, for debuggers");
  flags->ranges.AddTo(*verb);
  flags->knobs.AddOthersTo(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = Replay(*flags, context); });
}

}  // namespace stallpoint
