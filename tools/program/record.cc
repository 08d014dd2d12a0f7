// stallpoint record: runs a workload and writes its trace.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "harness/run/run_exit.h"
#include "replay/search/calibration.h"
#include "tools/program/context.h"
#include "tools/program/knob_flags.h"
#include "tools/program/run_verb.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/device_spec.h"
#include "traces/outcome.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kDefaultSteps = 100;
// What `--device emulated` stands for when it is told no times: a mid-sized network on a small accelerator.
constexpr int64_t kEmulatedLaunchNs = 2'000'000, kEmulatedSampleNs = 4'000'000;
// `--probe none`: not even the default ones.
constexpr char kNoProbes[] = "none";

struct RecordFlags {
  std::string plugin, data, output, timeout, device_work;
  KnobFlags knobs;
  int64_t steps = 0, epochs = 0;
  std::vector<std::string> set, probes;
  bool cold = false, calibrate = false, in_process = false;
};

// Cheap enough to be always there: about 0.05 % of a core each (tools/bench/probes). What is slow is seen the first
// time.
std::vector<std::string> DefaultProbes() { return {"cpu", "memory", "storage"}; }

std::string WithTimes(const std::string& device) {
  auto spec = ParseDevice(device);
  if (!spec.ok() || spec->kind != DeviceSpec::Kind::kEmulated || spec->launch_ns || spec->sample_ns) return device;
  spec->launch_ns = kEmulatedLaunchNs;
  spec->sample_ns = kEmulatedSampleNs;
  return FormatDevice(*spec);
}

absl::StatusOr<std::vector<std::string>> ChooseProbes(const RecordFlags& flags) {
  if (flags.output.empty()) {
    if (flags.probes.empty()) return flags.probes;
    return absl::InvalidArgumentError("--probe: nothing is recorded without -o, so that a probe has nowhere to write");
  }
  if (flags.probes.empty()) return DefaultProbes();
  if (std::count(flags.probes.begin(), flags.probes.end(), kNoProbes) == 0) return flags.probes;
  if (flags.probes.size() == 1) return std::vector<std::string>();
  return absl::InvalidArgumentError("--probe none: found other probes beside it, expected it alone");
}

// Empty: a few steps, how many is for the run to say.
absl::StatusOr<std::optional<int64_t>> ParseDeviceWork(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "all") return kAllSteps;
  if (text == "none") return 0;
  int64_t steps = 0;
  if (absl::SimpleAtoi(text, &steps) && steps > 0) return steps;
  return absl::InvalidArgumentError(absl::StrCat(
      "--device-work ", text, ": expected all, none, or the number of first steps, e.g. --device-work 50"));
}

absl::StatusOr<RunRequest> MakeRequest(const RecordFlags& flags, const Context& context) {
  RunRequest request;
  request.plugin = flags.plugin;
  request.data_dir = flags.data.empty() ? "" : std::filesystem::absolute(flags.data).lexically_normal().string();
  request.cold_data = flags.cold;
  auto options = ParseSetOptions(flags.set);
  if (!options.ok()) return options.status();
  request.options = *std::move(options);
  auto probes = ChooseProbes(flags);
  if (!probes.ok()) return probes.status();
  request.probes = *std::move(probes);
  auto knobs = flags.knobs.Apply(Knobs{});
  if (!knobs.ok()) return knobs.status();
  request.knobs = *std::move(knobs);
  request.knobs.device = WithTimes(request.knobs.device);
  auto device_work = ParseDeviceWork(flags.device_work);
  if (!device_work.ok()) return device_work.status();
  request.device_work_steps = *device_work;
  request.epochs = flags.epochs;
  request.steps = flags.epochs > 0 ? 0 : flags.steps > 0 ? flags.steps : kDefaultSteps;
  request.trace_path = flags.output;
  request.overwrite = context.force;
  request.in_process = flags.in_process;
  if (!flags.timeout.empty()) {
    auto timeout = ParseTimeNs(flags.timeout);
    if (!timeout.ok()) return timeout.status();
    request.timeout_ns = *timeout;
  }
  return request;
}

// One run for each setting. Where the data is read cold, one more that finds in the page cache what the longest of them
// has just read: what the same samples cost from there.
std::vector<RunRequest> CalibrationRuns(const RunRequest& main_request, const std::vector<CalibrationRun>& plan) {
  std::vector<RunRequest> runs;
  for (const CalibrationRun& planned : plan) {
    RunRequest& request = runs.emplace_back(main_request);
    request.knobs = planned.knobs;
    request.role = trace::RUN_ROLE_CALIBRATION;
    request.append = true;
    request.epochs = 0;
    request.steps = planned.steps;
  }
  if (!main_request.cold_data || runs.empty()) return runs;
  const auto samples = [](const RunRequest& run) { return run.steps * run.knobs.batch_size; };
  const auto longest = std::max_element(
      runs.begin(), runs.end(), [&](const RunRequest& a, const RunRequest& b) { return samples(a) < samples(b); });
  RunRequest warm = runs.front();
  warm.cold_data = false;
  runs.insert(longest + 1, warm);
  return runs;
}

// Adds to the trace the runs that the cost model lacks. Failures of a calibration run are remarks: the recording
// stands.
int Calibrate(const RunRequest& main_request, const Context& context) {
  const auto contents = LoadTrace(main_request.trace_path);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  const std::vector<RunRequest> plan = CalibrationRuns(main_request, PlanCalibration(contents->main_run()));
  for (size_t i = 0; i < plan.size() && !Context::interrupted(); ++i) {
    const Knobs& knobs = plan[i].knobs;
    const auto outcome = ExecuteShown(
        plan[i],
        fmt::format("calibrate {}/{} (batch {}, {} workers)", i + 1, plan.size(), knobs.batch_size, knobs.worker_count),
        context);
    if (!outcome.ok()) return Fail(outcome.status(), ExitCodeOf(outcome.status()));
    if (outcome->outcome != trace::OUTCOME_OK) {
      fmt::print(stderr, "note: the calibration run with batch {} and {} workers ended {}: {}\n", knobs.batch_size,
                 knobs.worker_count, OutcomeName(outcome->outcome), Printable(outcome->message));
    }
  }
  return Context::interrupted() ? kExitInterrupted : kExitOk;
}

void PrintRecorded(const std::string& path, const TraceContents& contents) {
  const RunRecord& run = contents.main_run();
  const RunSummary summary = Summarize(run);
  fmt::print("{}: {} steps, {} samples in {:.1f} s, {} a step, stalled {} of the time", Printable(path), summary.steps,
             summary.samples, summary.wall_s, Milliseconds(summary.step_ms_mean), Percent(summary.shares.stall()));
  if (contents.runs.size() > 1) fmt::print(", {} calibration runs", contents.runs.size() - 1);
  fmt::print("\n");
  if (run.dropped > 0) {
    fmt::print(stderr, "note: {} of {} events were dropped; figures are made from the rest\n", run.dropped,
               run.emitted);
  }
}

int Record(const RecordFlags& flags, const Context& context) {
  const auto request = MakeRequest(flags, context);
  if (!request.ok()) return Fail(request.status(), kExitUsage);
  const auto outcome = ExecuteShown(*request, "record", context);
  if (!outcome.ok()) return Fail(outcome.status(), ExitCodeOf(outcome.status()));
  int code = ExitCodeOf(*outcome);
  if (outcome->outcome != trace::OUTCOME_OK || code != kExitOk) {
    fmt::print(stderr, "{}: {}: {}\n", outcome->outcome == trace::OUTCOME_CANCELLED ? "note" : "error",
               OutcomeName(outcome->outcome), Printable(outcome->message));
  } else if (flags.calibrate && !flags.output.empty()) {
    code = Calibrate(*request, context);
  }
  if (flags.output.empty()) return code;
  const auto contents = LoadTrace(flags.output);
  if (!contents.ok()) return code != kExitOk ? code : Fail(contents.status(), TraceExitCode(contents.status()));
  if (context.json) {
    nlohmann::ordered_json json = JsonHead();
    json["outcome"] = OutcomeName(outcome->outcome);
    json["message"] = outcome->message;
    json["trace"] = flags.output;
    json["runs"] = contents->runs.size();
    PrintJson(json);
  } else if (!contents->main_run().iterations.empty()) {
    PrintRecorded(flags.output, *contents);
  }
  return code;
}

}  // namespace

void AddRecord(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("record", "Run a workload and record it to a trace");
  auto flags = std::make_shared<RecordFlags>();
  verb->add_option("--plugin", flags->plugin, "Workload: an id (see `plugin list`) or a plugin file")
      ->required()
      ->type_name("ID|FILE");
  verb->add_option("--data", flags->data, "Folder of the data set, e.g. --data ~/images")->type_name("DIR");
  verb->add_flag("--cold", flags->cold, "Begin with nothing of --data in the page cache: reads come from storage");
  verb->add_option("-o,--output", flags->output, "The trace to write; without it the run is not recorded")
      ->type_name("FILE");
  auto* steps =
      verb->add_option("--steps", flags->steps, "Steps of an endless sampler (100)")->check(CLI::PositiveNumber);
  verb->add_option("--epochs", flags->epochs, "Passes over the data set instead, as PyTorch's loader makes them")
      ->check(CLI::PositiveNumber)
      ->excludes(steps);
  verb->add_option("--set", flags->set,
                   "Option of the workload, e.g. --set read_latency=20ms, or of a probe: --set cpu.period=1s")
      ->type_name("KEY=VALUE");
  verb->add_option("--probe", flags->probes,
                   fmt::format("Probes instead of {}, ids or files, e.g. --probe cpu,nvml; none: no probe",
                               fmt::join(DefaultProbes(), ",")))
      ->delimiter(',')
      ->type_name("ID|FILE");
  verb->add_option(
          "--device-work", flags->device_work,
          "Steps in which kernels and CUDA calls are recorded, which makes them slower: all, none, or so many at "
          "the beginning (a tenth of them, 5 to 20)")
      ->type_name("STEPS");
  verb->add_flag("--calibrate", flags->calibrate, "Also run what predictions lack: a second batch size, busy workers");
  verb->add_option("--timeout", flags->timeout, "End the run when no step finishes for so long, e.g. --timeout 60s")
      ->type_name("TIME");
  verb->add_flag("--in-process", flags->in_process, "Run inside this process, for debuggers");
  flags->knobs.AddTo(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = Record(*flags, context); });
}

}  // namespace stallpoint
