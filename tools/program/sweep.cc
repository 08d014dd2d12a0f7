// stallpoint sweep: predicts a grid of settings, shows where the stall begins, recommends one.
#include "replay/sweep.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fmt/core.h"
#include "replay/json.h"
#include "replay/predictor.h"
#include "tools/program/context.h"
#include "tools/program/output_file.h"
#include "tools/program/progress.h"
#include "tools/program/range_flags.h"
#include "tools/program/sweep_text.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

struct SweepFlags {
  std::vector<std::string> traces;
  RangeFlags ranges;
  std::string csv;
};

absl::StatusOr<SweepRanges> ParseRanges(const SweepFlags& flags, const RunRecord& run) {
  auto ranges = flags.ranges.Parse();
  if (!ranges.ok()) return ranges.status();
  const bool nothing_asked = ranges->batch_size.empty() && ranges->worker_count.empty() &&
                             ranges->prefetch_depth.empty() && ranges->steps_in_flight.empty() &&
                             ranges->host_limit_bytes.empty() && ranges->device_limit_bytes.empty();
  if (nothing_asked) {
    const int64_t most = std::max<int64_t>(8, static_cast<int64_t>(2 * run.usable_cores));
    for (int64_t workers = 0; workers <= most; ++workers) ranges->worker_count.push_back(workers);
  }
  return ranges;
}

int RunSweep(const SweepFlags& flags, const Context& context) {
  std::vector<RunRecord> runs;
  for (const std::string& path : flags.traces) {
    auto contents = LoadTrace(path);
    if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
    for (RunRecord& run : contents->runs) {
      // The first file is the run that is swept; the others inform the model.
      if (!runs.empty() && run.role == RunRecord::Role::kMain) run.role = RunRecord::Role::kCalibration;
      runs.push_back(std::move(run));
    }
  }
  const auto ranges = ParseRanges(flags, runs.front());
  if (!ranges.ok()) return Fail(ranges.status(), kExitUsage);
  Predictor::Options options;
  options.threshold = context.threshold;
  const auto predictor = Predictor::Fit(runs, options);
  if (!predictor.ok()) return Fail(predictor.status(), kExitBadTrace);

  ProgressLine line(context);
  const SweepResult result = Sweep(**predictor, *ranges, [&](size_t done, size_t total) {
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
  verb->add_option("--csv", flags->csv, "Also write every setting to this file")->type_name("FILE");
  AddCommonFlags(*verb, context);
  verb->callback([flags, &context, &exit_code] { exit_code = RunSweep(*flags, context); });
}

}  // namespace stallpoint
