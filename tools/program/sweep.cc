// stallpoint sweep: predicts a grid of settings, shows where the stall begins, recommends one.
#include "replay/search/sweep.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/core.h"
#include "harness/run/run_exit.h"
#include "replay/json.h"
#include "replay/predict/predictor.h"
#include "replay/search/recommend.h"
#include "tools/program/context.h"
#include "tools/program/live_request.h"
#include "tools/program/output_file.h"
#include "tools/program/prediction_table.h"
#include "tools/program/progress.h"
#include "tools/program/range_flags.h"
#include "tools/program/recommend.h"
#include "tools/program/sweep_text.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/run_record.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// Settings from which on a sweep takes so long that a search is worth a hint.
constexpr size_t kManySettings = 20'000;

struct SweepFlags {
  std::vector<std::string> traces;
  RangeFlags ranges;
  std::string csv, budget;
  bool recommend = false;
  int live_runs = 0;
  LiveFlags live;
};

bool NothingAsked(const SweepRanges& ranges) {
  return ranges.batch_size.empty() && ranges.worker_count.empty() && ranges.prefetch_depth.empty() &&
         ranges.steps_in_flight.empty() && ranges.host_limit_bytes.empty() && ranges.device_limit_bytes.empty();
}

absl::StatusOr<SweepRanges> ParseRanges(const SweepFlags& flags, const RunRecord& run) {
  auto ranges = flags.ranges.Parse();
  if (!ranges.ok() || !NothingAsked(*ranges)) return ranges;
  const int64_t twice = std::max<int64_t>(8, static_cast<int64_t>(2 * run.usable_cores));
  const int64_t most = flags.recommend ? MostWorkers(run.usable_cores) : twice;
  for (int64_t workers = 0; workers <= most; ++workers) ranges->worker_count.push_back(workers);
  for (int64_t depth = 1; flags.recommend && depth <= kDeepestPrefetch; ++depth) {
    ranges->prefetch_depth.push_back(depth);
  }
  return ranges;
}

absl::StatusOr<std::vector<RunRecord>> LoadRuns(const std::vector<std::string>& paths) {
  std::vector<RunRecord> runs;
  for (const std::string& path : paths) {
    auto contents = LoadTrace(path);
    if (!contents.ok()) return contents.status();
    for (RunRecord& run : contents->runs) {
      // The first file is the run that is swept; the others inform the model, live runs of it too.
      if (!runs.empty()) run.role = RunRecord::Role::kCalibration;
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

// That a wide interval is for want of a run that read more at a time.
void RemarkOnReads(const Predictor& predictor, const SweepRanges& ranges) {
  const std::optional<double> seen = predictor.ReadsSeen();
  const std::vector<int64_t>& workers = ranges.worker_count;
  if (!seen || workers.empty() || *std::max_element(workers.begin(), workers.end()) <= *seen) return;
  fmt::print(stderr,
             "note: no more than {:.2g} at a time were read; whether storage serves more as fast is not known, and the "
             "intervals say so: runs with more workers tell (record --calibrate)\n",
             *seen);
}

// What of the recording is in all predictions: where its data came from, and how the host's speed changed.
void RemarkOnRecording(const Predictor& predictor) {
  constexpr double kRestless = 0.15;
  fmt::print(stderr, "{}{}{}", FirstPassNote(predictor), ColdForOnceNote(predictor), LeakNote(predictor));
  if (predictor.HostSpeedError() < kRestless) return;
  fmt::print(stderr,
             "note: this host computed faster and slower by turns while it was recorded: in other minutes a run may be "
             "{:.0f} % slower for that alone, or faster; the intervals have it, and it is the same for all settings\n",
             predictor.HostSpeedError() * 100);
}

// Whether some settings leave data to storage, of which nothing was recorded: of a sweep any of them, of a search the
// recorded one under the limits that were searched.
bool LeavesColdData(const SweepResult& result) {
  return std::any_of(result.settings.begin(), result.settings.end(),
                     [](const Prediction& p) { return p.cold_unknown; });
}
bool LeavesColdData(const Predictor& predictor, Knobs knobs, const SweepRanges& ranges) {
  return std::any_of(ranges.host_limit_bytes.begin(), ranges.host_limit_bytes.end(), [&](uint64_t limit) {
    knobs.host_limit_bytes = limit;
    return predictor.Predict(knobs).cold_unknown;
  });
}

void RemarkOnColdData(const Predictor& predictor) {
  fmt::print(stderr,
             "note: the data set takes {} of page cache, more than some limits leave, and what reading it from storage "
             "costs was not recorded: record with --cold\n",
             HumanSize(predictor.DataBytes()));
}

absl::StatusOr<RecommendRequest> MakeRecommendRequest(const SweepFlags& flags, std::vector<RunRecord> runs,
                                                      SweepRanges ranges, const Context& context) {
  RecommendRequest request;
  if (!flags.budget.empty()) {
    const auto budget = ParseTimeNs(flags.budget);
    if (!budget.ok()) {
      return absl::InvalidArgumentError(fmt::format("--budget: {}", std::string(budget.status().message())));
    }
    request.budget_ns = *budget;
  }
  request.live_runs = flags.live_runs;
  if (request.live_runs > 0) {
    auto live = MakeLiveRequest(flags.live, runs.front(), context);
    if (!live.ok()) return live.status();
    request.live = *std::move(live);
    request.live_steps = flags.live.steps;
    request.output = flags.live.output;
  }
  request.runs = std::move(runs);
  request.ranges = std::move(ranges);
  return request;
}

int RunRecommend(const SweepFlags& flags, std::vector<RunRecord> runs, SweepRanges ranges, const Context& context) {
  auto request = MakeRecommendRequest(flags, std::move(runs), std::move(ranges), context);
  if (!request.ok()) return Fail(request.status(), kExitUsage);
  const auto result = FindRecommended(*std::move(request), context);
  if (!result.ok()) return Fail(result.status(), ExitCodeOf(result.status()));
  if (context.json) {
    PrintJson(RecommendedJson(*result));
  } else {
    fmt::print("{}", RecommendedText(*result));
  }
  return result->stopped == "interrupted" ? kExitInterrupted : kExitOk;
}

int RunSweep(const SweepFlags& flags, const Context& context) {
  auto runs = LoadRuns(flags.traces);
  if (!runs.ok()) return Fail(runs.status(), TraceExitCode(runs.status()));
  const auto ranges = ParseRanges(flags, runs->front());
  if (!ranges.ok()) return Fail(ranges.status(), kExitUsage);
  Predictor::Options options;
  options.threshold = context.threshold;
  const auto predictor = Predictor::Fit(*runs, options);
  if (!predictor.ok()) return Fail(predictor.status(), kExitBadTrace);
  if (flags.recommend) {
    const Knobs recorded = runs->front().knobs;
    const int exit_code = RunRecommend(flags, *std::move(runs), *ranges, context);
    const bool remarks = exit_code == kExitOk && !context.json && !context.quiet;
    if (remarks) RemarkOnRecording(**predictor);
    if (remarks && LeavesColdData(**predictor, recorded, *ranges)) RemarkOnColdData(**predictor);
    return exit_code;
  }

  ProgressLine line(context);
  bool hinted = context.quiet;
  const SweepResult result = Sweep(**predictor, *ranges, [&](size_t done, size_t total) {
    if (total > kManySettings && !std::exchange(hinted, true)) {
      fmt::print(stderr, "note: {} settings; --recommend finds the best of them from a few hundred\n", total);
    }
    line.Show(fmt::format("sweep: {} of {} settings", done, total));
    return !Context::interrupted();
  });
  line.Clear();
  if (!flags.csv.empty()) {
    if (const absl::Status written = WriteNewFile(flags.csv, SweepCsv(result), context.force); !written.ok()) {
      return Fail(written, kExitIo);
    }
  }
  if (context.json) {
    PrintJson(SweepJson(result));
  } else {
    fmt::print("{}", SweepText(result));
    if (!context.quiet) {
      RemarkOnRecording(**predictor);
      RemarkOnReads(**predictor, *ranges);
      if (LeavesColdData(result)) RemarkOnColdData(**predictor);
    }
  }
  if (result.cancelled) {
    fmt::print(stderr, "note: interrupted; {} settings were done\n", result.settings.size());
    return kExitInterrupted;
  }
  return kExitOk;
}

}  // namespace

void AddSweep(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("sweep", "Predict settings, show where the stall begins, recommend one");
  auto flags = std::make_shared<SweepFlags>();
  verb->add_option("FILE", flags->traces, "Traces; the first is the run to vary, others inform the model")->required();
  flags->ranges.AddTo(*verb);
  auto* csv = verb->add_option("--csv", flags->csv, "Also write every setting to this file")->type_name("FILE");
  auto* recommend =
      verb->add_flag("--recommend", flags->recommend,
                     "Search the ranges instead of listing them, a million settings in seconds, and say how sure the "
                     "recommendation is; without ranges: workers and prefetch")
          ->excludes(csv);
  verb->add_option("--live", flags->live_runs,
                   "Real runs to spend, at most, where they settle what to recommend, e.g. --live 3")
      ->check(CLI::Range(1, 1000))
      ->needs(recommend);
  verb->add_option("--budget", flags->budget, "Time for search and live runs together, e.g. --budget 5min")
      ->type_name("TIME")
      ->needs(recommend);
  flags->live.AddTo(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = RunSweep(*flags, context); });
}

}  // namespace stallpoint
