// stallpoint replay --live: runs a recorded workload again under other knobs, beside the prediction.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fmt/core.h"
#include "harness/run/run_exit.h"
#include "replay/json.h"
#include "replay/predictor.h"
#include "tools/program/context.h"
#include "tools/program/knob_flags.h"
#include "tools/program/run_verb.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/outcome.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

struct ReplayFlags {
  std::string trace, plugin, data, output;
  std::vector<std::string> set;
  KnobFlags knobs;
  int64_t steps = 0;
  int repeat = 1;
  bool live = false, in_process = false;
};

struct LiveRun {
  trace::Outcome outcome = trace::OUTCOME_UNSPECIFIED;
  std::string message;
  std::optional<RunSummary> summary;  // absent when no step was recorded
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

  const int64_t enough = 3 * int64_t{request.knobs.worker_count} * request.knobs.prefetch_depth + 20;
  if (flags.steps > 0) {
    request.steps = flags.steps;
  } else if (recorded.planned_epochs > 0) {
    const int64_t per_epoch = std::max<int64_t>(
        1,
        recorded.dataset_samples > 0 ? recorded.dataset_samples / std::max<int64_t>(1, request.knobs.batch_size) : 1);
    request.epochs = std::max(recorded.planned_epochs, (enough + per_epoch - 1) / per_epoch);
  } else {
    request.steps = std::max<int64_t>(recorded.planned_steps, enough);
  }
  return request;
}

absl::StatusOr<LiveRun> RunOnce(const RunRequest& request, const std::string& what, const Context& context) {
  const auto outcome = ExecuteShown(request, what, context);
  if (!outcome.ok()) return outcome.status();
  LiveRun run{outcome->outcome, outcome->message, std::nullopt};
  const auto contents = LoadTrace(request.trace_path);
  if (contents.ok() && !contents->runs.back().iterations.empty()) run.summary = Summarize(contents->runs.back());
  return run;
}

// Mean and coefficient of variation of the runs that ended ok.
struct Measured {
  int runs = 0;
  double step_ms = 0;
  std::optional<double> noise;
};

Measured Measure(const std::vector<LiveRun>& runs) {
  Measured measured;
  double sum = 0, squares = 0;
  for (const LiveRun& run : runs) {
    if (run.outcome != trace::OUTCOME_OK || !run.summary) continue;
    ++measured.runs;
    sum += run.summary->step_ms_mean;
    squares += run.summary->step_ms_mean * run.summary->step_ms_mean;
  }
  if (measured.runs == 0) return measured;
  measured.step_ms = sum / measured.runs;
  if (measured.runs > 1) {
    const double variance = (squares - sum * sum / measured.runs) / (measured.runs - 1);
    measured.noise = std::sqrt(std::max(0.0, variance)) / measured.step_ms;
  }
  return measured;
}

nlohmann::ordered_json ReplayJson(const RunRequest& request, const std::vector<LiveRun>& runs,
                                  const std::optional<Prediction>& predicted, const Measured& measured) {
  nlohmann::ordered_json json = JsonHead();
  json["runs"] = nlohmann::ordered_json::array();
  for (const LiveRun& run : runs) {
    nlohmann::ordered_json one = {{"knobs", ToJson(request.knobs)}, {"outcome", OutcomeName(run.outcome)}};
    one["step_ms"] = nullptr;
    one["shares"] = nullptr;
    if (run.summary) {
      one["step_ms"] = {{"median", run.summary->step_ms_median},
                        {"p90", run.summary->step_ms_p90},
                        {"mean", run.summary->step_ms_mean}};
      one["shares"] = SharesJson(run.summary->shares);
    }
    json["runs"].push_back(one);
  }
  json["predicted"] = {
      {"step_ms", nullptr}, {"step_ms_low", nullptr}, {"step_ms_high", nullptr}, {"stall_share", nullptr}};
  json["error"] = nullptr;
  if (predicted) {
    json["predicted"] = {{"step_ms", predicted->step_ms},
                         {"step_ms_low", predicted->step_ms_low},
                         {"step_ms_high", predicted->step_ms_high},
                         {"stall_share", predicted->stall_share()}};
    if (measured.runs > 0) json["error"] = predicted->step_ms / measured.step_ms - 1;
  }
  json["noise"] = measured.noise ? nlohmann::ordered_json(*measured.noise) : nlohmann::ordered_json(nullptr);
  return json;
}

void PrintReplay(const RunRequest& request, const std::vector<LiveRun>& runs,
                 const std::optional<Prediction>& predicted, const Measured& measured) {
  fmt::print("batch {}, {} worker{}, prefetch {}, device {}\n", request.knobs.batch_size, request.knobs.worker_count,
             request.knobs.worker_count == 1 ? "" : "s", request.knobs.prefetch_depth, Printable(request.knobs.device));
  Table table({"", "step", "interval", "stall", "samples/s", "outcome"});
  if (predicted) {
    table.Add({"predicted", Milliseconds(predicted->step_ms),
               fmt::format("{} to {}", Milliseconds(predicted->step_ms_low), Milliseconds(predicted->step_ms_high)),
               Percent(predicted->stall_share()), fmt::format("{:.4g}", predicted->throughput_per_s), ""});
  }
  for (const LiveRun& run : runs) {
    if (run.summary) {
      table.Add({"measured", Milliseconds(run.summary->step_ms_mean), "", Percent(run.summary->shares.stall()),
                 fmt::format("{:.4g}", run.summary->throughput_per_s), OutcomeName(run.outcome)});
    } else {
      table.Add({"measured", "", "", "", "", OutcomeName(run.outcome)});
    }
  }
  fmt::print("{}", table.Render());
  for (const LiveRun& run : runs) {
    if (!run.message.empty()) fmt::print("  {}\n", Printable(run.message));
  }
  if (predicted && measured.runs > 0) {
    const bool inside = measured.step_ms >= predicted->step_ms_low && measured.step_ms <= predicted->step_ms_high;
    fmt::print("error of the prediction {:+.1f} %; measured {} the interval{}\n",
               (predicted->step_ms / measured.step_ms - 1) * 100, inside ? "inside" : "outside",
               measured.noise ? fmt::format("; runs vary by {:.1f} %", *measured.noise * 100) : "");
  }
}

int Replay(const ReplayFlags& flags, const Context& context) {
  const auto contents = LoadTrace(flags.trace);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  auto request = MakeRequest(flags, contents->main_run(), context);
  if (!request.ok()) return Fail(request.status(), kExitUsage);

  std::optional<Prediction> predicted;
  Predictor::Options options;
  options.threshold = context.threshold;
  if (const auto predictor = Predictor::Fit(contents->runs, options); predictor.ok()) {
    request->knobs.device = (*predictor)->WithFittedTimes(request->knobs.device);
    predicted = request->epochs > 0 ? (*predictor)->Predict(request->knobs)
                                    : (*predictor)->PredictRun(request->knobs, request->steps);
  } else if (!context.quiet) {
    fmt::print(stderr, "note: no prediction: {}\n", Printable(std::string(predictor.status().message())));
  }

  const ScratchFolder scratch;
  std::vector<LiveRun> runs;
  for (int i = 0; i < flags.repeat && !Context::interrupted(); ++i) {
    const bool keep = !flags.output.empty();
    request->trace_path = keep ? flags.output : (scratch.path() / fmt::format("{}.sptrace", i)).string();
    request->append = keep && i > 0;
    auto run = RunOnce(*request, fmt::format("live run {}/{}", i + 1, flags.repeat), context);
    if (!run.ok()) return Fail(run.status(), ExitCodeOf(run.status()));
    runs.push_back(*std::move(run));
  }
  const Measured measured = Measure(runs);
  if (context.json) {
    PrintJson(ReplayJson(*request, runs, predicted, measured));
  } else {
    PrintReplay(*request, runs, predicted, measured);
  }
  if (Context::interrupted()) return kExitInterrupted;
  return measured.runs == static_cast<int>(runs.size()) ? kExitOk : kExitWorkload;
}

}  // namespace

void AddReplay(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb =
      program.add_subcommand("replay", "Run a recorded workload again under other knobs, beside its prediction");
  auto flags = std::make_shared<ReplayFlags>();
  verb->add_option("FILE", flags->trace, "The trace; what is not given comes from it")->required();
  verb->add_flag("--live", flags->live, "Really run it")->required();
  verb->add_option("--plugin", flags->plugin, "Workload (the trace's id), searched in the trusted path or a file")
      ->type_name("ID|FILE");
  verb->add_option("--data", flags->data, "Folder of the data set (the trace's)")->type_name("DIR");
  verb->add_option("--steps", flags->steps, "Steps to run (the trace's, at least 3 x workers x prefetch + 20)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--repeat", flags->repeat, "Times to run it")->check(CLI::Range(1, 1000))->capture_default_str();
  verb->add_option("--set", flags->set, "Option of the workload, e.g. --set read_latency=20ms")->type_name("KEY=VALUE");
  verb->add_option("-o,--output", flags->output, "Keep the trace of the live runs")->type_name("FILE");
  verb->add_flag("--in-process", flags->in_process, "Run inside this process, for debuggers");
  flags->knobs.AddTo(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = Replay(*flags, context); });
}

}  // namespace stallpoint
