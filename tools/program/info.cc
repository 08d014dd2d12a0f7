// stallpoint info: what a trace holds.
#include <algorithm>
#include <memory>
#include <string>

#include "fmt/core.h"
#include "tools/program/context.h"
#include "tools/program/gate.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/counter_summary.h"
#include "traces/growth.h"
#include "traces/info_json.h"
#include "traces/run_record.h"
#include "traces/run_summary.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

std::string DescribeKnobs(const Knobs& knobs) {
  return fmt::format("batch {}, {} worker{}, prefetch {}, {} step{} in flight, device {}", knobs.batch_size,
                     knobs.worker_count, knobs.worker_count == 1 ? "" : "s", knobs.prefetch_depth,
                     knobs.steps_in_flight, knobs.steps_in_flight == 1 ? "" : "s", Printable(knobs.device));
}

// What goes on growing is kept of every sample. Empty when nothing did by more than such things move anyway.
std::string WhatGrew(const RunRecord& run) {
  constexpr double kLeastPart = 0.1, kFewestFiles = 16;
  std::string text;
  const auto add = [&text](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  for (const auto& [growth, name] : {std::pair(MeasureGrowth(run, "host_memory_held"), "host memory"),
                                     std::pair(MeasureDeviceGrowth(run), "device memory")}) {
    if (growth && growth->added() > kLeastPart * growth->last) {
      add(fmt::format("{} from {} to {}, {} a sample", name, HumanSize(growth->first), HumanSize(growth->last),
                      HumanSize(growth->per_sample())));
    }
  }
  if (const auto files = MeasureGrowth(run, "open_files"); files && files->added() >= kFewestFiles) {
    add(fmt::format("open files from {:.0f} to {:.0f}, {:.2g} a sample", files->first, files->last,
                    files->per_sample()));
  }
  return text;
}

std::string CounterText(double value, const std::string& unit) {
  if (unit == "bytes") return HumanSize(value);
  if (unit == "ns") return Milliseconds(value / 1e6);
  if (unit == "bytes/s") return HumanSize(value) + "/s";
  const std::string number = value >= 1e4 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  if (unit == "1") return number;
  if (unit == "1/s") return number + "/s";
  return number + " " + Printable(unit);
}

void PrintProbes(const RunRecord& run, double wall_s) {
  Table series({"of the probes", "mean", "most"});
  size_t rows = 0;
  for (const ProbeRecord& probe : run.probes) {
    if (!probe.stopped.empty()) {
      fmt::print("probe {} was stopped after {} polls: {}\n", Printable(probe.id), probe.polls,
                 Printable(probe.stopped));
    } else if (probe.told() && wall_s > 0) {
      fmt::print("probe {}: {} polls, {:.2f} % of a core\n", Printable(probe.id), probe.polls,
                 static_cast<double>(probe.cpu_ns) / 1e7 / wall_s);
    }
    if (!probe.told()) fmt::print("probe {}: what it took was not recorded\n", Printable(probe.id));
    for (const CounterSummary& one : SummarizeProbe(run, probe)) {
      if (one.most == 0 && one.mean == 0) continue;
      series.Add(
          {Printable(probe.id + "." + one.name), CounterText(one.mean, one.unit), CounterText(one.most, one.unit)});
      ++rows;
    }
  }
  if (rows > 0) fmt::print("{}", series.Render());
}

// Which part of what stages read the page cache did not have; empty when nothing was read.
std::string WhatWasRead(const RunSummary& summary) {
  std::string text;
  for (const StageSummary& stage : summary.stages) {
    if (stage.bytes <= 0 && stage.storage_bytes <= 0) continue;
    const double from_storage = stage.bytes > 0 ? std::min(1.0, stage.storage_bytes / stage.bytes) : 1;
    text +=
        fmt::format("{} reads {} a sample, {} from storage\n", Printable(stage.name),
                    HumanSize(std::max(stage.bytes, stage.storage_bytes)),
                    from_storage > 0 ? Percent(from_storage) + " of it" : "none of it, as far as the kernel counts,");
  }
  return text;
}

// In how many steps device work was recorded and how long they took; empty where that is none, or all.
std::string WhatWasObserved(const RunRecord& run) {
  if (run.observed_steps() == 0) return "";
  std::string text = fmt::format("kernels and CUDA calls were recorded in the first {} steps", run.device_work_steps);
  // The first does what is done once.
  const int64_t last = run.device_work_steps - 1;
  if (last < 2) return text;
  const int64_t begin_ns = run.iterations[0].device_end_ns, end_ns = run.iterations[last].device_end_ns;
  if (begin_ns < 0 || end_ns < begin_ns) return text;
  return text + fmt::format(", which took {} each",
                            Milliseconds(static_cast<double>(end_ns - begin_ns) / 1e6 / static_cast<double>(last)));
}

void PrintInfo(const TraceContents& contents) {
  const RunRecord& run = contents.main_run();
  const RunSummary summary = Summarize(run);
  fmt::print("{} {}: {}\n", Printable(run.source), Printable(run.source_version), DescribeKnobs(run.knobs));
  fmt::print("{} steps, {} samples in {:.2f} s ({} before the first step); outcome {}\n", summary.steps,
             summary.samples, summary.wall_s, Milliseconds(summary.startup_s * 1e3), run.outcome);
  if (!run.outcome_message.empty()) fmt::print("  {}\n", Printable(run.outcome_message));
  if (summary.steps > 0) {
    fmt::print("step {} mean, {} median, {} p90 over {} steps{}; {:.4g} samples/s\n",
               Milliseconds(summary.step_ms_mean), Milliseconds(summary.step_ms_median),
               Milliseconds(summary.step_ms_p90), summary.window.steps(),
               summary.window.steady ? "" : " (too few for a steady window: the whole run)", summary.throughput_per_s);
    if (summary.epoch_edge_ms) {
      // Below zero: the steps at the edges were shorter than usual by luck.
      fmt::print("an epoch's end costs {}\n", Milliseconds(std::max(0.0, *summary.epoch_edge_ms)));
    }
    const Shares& shares = summary.shares;
    Table where({"compute", "copy", "data wait", "sync", "launch", "other"});
    where.Add({Percent(shares.compute), Percent(shares.copy), Percent(shares.data_wait), Percent(shares.sync),
               Percent(shares.launch), Percent(shares.other)});
    fmt::print("where the time went:\n{}", where.Render());
    Table stages({"per sample", "wall", "cpu", "run queue", "io", "blocked"});
    for (const StageSummary& stage : summary.stages) {
      stages.Add({Printable(stage.name), Milliseconds(stage.wall_ms), Milliseconds(stage.cpu_ms),
                  Milliseconds(stage.run_queue_ms), Milliseconds(stage.io_ms), Milliseconds(stage.blocked_ms)});
    }
    fmt::print("{}{}", stages.Render(), WhatWasRead(summary));
  }
  if (summary.host_memory_bytes) fmt::print("host memory {} at most", HumanSize(*summary.host_memory_bytes));
  if (summary.host_memory_bytes && summary.device_memory_bytes) fmt::print(", ");
  if (summary.device_memory_bytes) fmt::print("device memory {} at most", HumanSize(*summary.device_memory_bytes));
  if (summary.host_memory_bytes || summary.device_memory_bytes) fmt::print("\n");
  if (const std::string others = OtherPrograms(summary.other_cores); !others.empty()) fmt::print("{}\n", others);
  if (const std::string grew = WhatGrew(run); !grew.empty()) {
    fmt::print("kept growing once the pipeline was full: {}\n", grew);
  }
  if (const std::string observed = WhatWasObserved(run); !observed.empty()) fmt::print("{}\n", observed);
  PrintProbes(run, summary.wall_s);
  fmt::print("{} events, {} recorded, {} dropped, {} set aside\n", run.emitted, run.recorded, run.dropped,
             run.set_aside);
  if (contents.runs.size() > 1) fmt::print("{} runs in the file; figures are of the main one\n", contents.runs.size());
  if (!run.closed) fmt::print("not closed: the recording was cut off, figures are of what was flushed until then\n");
  for (const Gap& gap : contents.gaps) {
    fmt::print("gap at byte {}: {} bytes, {} frames lost: {}\n", gap.offset_bytes, gap.length_bytes, gap.frames_lost,
               Printable(gap.reason));
  }
}

int Info(const std::string& path, bool strict, const std::string& fail_if, const Context& context) {
  const auto gate = Gate::Parse(fail_if);
  if (!gate.ok()) return Fail(gate.status(), kExitUsage);
  const auto contents = LoadTrace(path);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  if (!context.quiet) {
    for (const std::string& warning : contents->warnings) fmt::print(stderr, "note: {}\n", Printable(warning));
  }
  if (context.json) {
    PrintJson(InfoJson(*contents));
  } else {
    PrintInfo(*contents);
  }
  const RunRecord& run = contents->main_run();
  const bool lost = !contents->gaps.empty() || !run.closed || run.dropped > 0 || run.read_set_aside > 0;
  return gate->ExitCode(Summarize(run), strict && lost ? kExitLoss : kExitOk);
}

}  // namespace

void AddInfo(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("info", "What was recorded: knobs, steps, shares, events, drops, gaps");
  auto path = std::make_shared<std::string>();
  auto strict = std::make_shared<bool>(false);
  verb->add_option("FILE", *path, "A trace")->required();
  verb->add_flag("--strict", *strict, "Exit with 6 when anything was lost");
  const auto fail_if = AddFailIf(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([=, &context, &exit_code] { exit_code = Info(*path, *strict, *fail_if, context); });
}

}  // namespace stallpoint
