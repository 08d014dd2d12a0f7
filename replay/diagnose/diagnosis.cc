#include "replay/diagnose/diagnosis.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "fmt/core.h"
#include "replay/diagnose/causes.h"
#include "replay/simulate/accounting.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

using Finder = std::optional<Cause> (*)(const Case&);
// Those that ended the run or spoil its result come first, the others are ranked by what they cost.
constexpr Finder kFirst[] = {FindMemoryGrowth, FindDeviceMemoryGrowth, FindCorruptSample, FindNanLoss};
constexpr Finder kRanked[] = {FindSlowInput,    FindTooManyWorkers, FindWorkerRespawn,
                              FindSyncEachStep, FindSmallBatches,   FindSlowStart};

bool Ended(const RunRecord& run) {
  return run.outcome == "ok" || run.outcome == "cancelled" || run.outcome == "unknown";
}

bool MemoryGrows(const Diagnosis& diagnosis) {
  return !diagnosis.causes.empty() && diagnosis.causes.front().id.ends_with("-memory-growth");
}

// Memory ended the run, and what else slowed it down matters less.
bool RanOutOfMemory(const Diagnosis& diagnosis, const Case& c) {
  return c.run.outcome == "out-of-memory" && !MemoryGrows(diagnosis);
}

std::string VerdictOf(const Diagnosis& diagnosis, const Case& c) {
  if (diagnosis.healthy) return "healthy";
  if (RanOutOfMemory(diagnosis, c)) return c.run.outcome;
  if (!diagnosis.causes.empty()) {
    const std::string& id = diagnosis.causes.front().id;
    if (id == "slow-input") return diagnosis.stage.empty() ? "data-starved" : "data-starved: " + diagnosis.stage;
    return id;
  }
  if (!Ended(c.run)) return c.run.outcome;
  if (c.summary.window.steps() == 0) return "no step was finished";
  if (diagnosis.bound == Bound::kData) return "data-starved";
  return fmt::format("stalled: {}", Name(diagnosis.bound));
}

std::string FirstLine(const Diagnosis& diagnosis, const Case& c) {
  if (c.summary.window.steps() == 0) {
    return fmt::format("{}: no step was finished in {:.1f} s", diagnosis.verdict, c.summary.wall_s);
  }
  return fmt::format(
      "{}: the device computes {:.1f} % of the time and is stalled {:.1f} % ({:.3g} ms a step, {:.4g} "
      "samples/s)",
      diagnosis.verdict, c.summary.shares.compute * 100, diagnosis.stall_share * 100, c.summary.step_ms_mean,
      c.summary.throughput_per_s);
}

std::string EvidenceLine(const Diagnosis& diagnosis, const Case& c) {
  if (diagnosis.causes.empty() || RanOutOfMemory(diagnosis, c)) {
    if (!Ended(c.run)) return fmt::format("evidence: the run ended as {}: {}", c.run.outcome, c.run.outcome_message);
    const Shares& s = c.summary.shares;
    return fmt::format(
        "evidence: idle for data {:.1f} %, copies {:.1f} %, synchronisation {:.1f} %, launches {:.1f} %, "
        "other {:.1f} %",
        s.data_wait * 100, s.copy * 100, s.sync * 100, s.launch * 100, s.other * 100);
  }
  std::string line = "evidence: ";
  const std::vector<std::string>& evidence = diagnosis.causes.front().evidence;
  const bool input = diagnosis.causes.front().id == "slow-input";
  // Of slow input the verdict has said the first already.
  const size_t first = input && evidence.size() > 1 ? 1 : 0;
  for (size_t i = first; i < std::min(evidence.size(), first + 2); ++i) {
    line += (i > first ? "; " : "") + evidence[i];
  }
  if (!Ended(c.run) && c.run.outcome != "out-of-memory") line += fmt::format("; the run ended as {}", c.run.outcome);
  for (size_t i = 1; i < diagnosis.causes.size(); ++i) {
    line += fmt::format("; also {} ({:.1f} %)", diagnosis.causes[i].id, diagnosis.causes[i].share * 100);
  }
  return line;
}

// The value of a knob as its flag takes it.
std::string AsFlag(const std::string& knob, const std::string& value) {
  uint64_t bytes = 0;
  if (knob != "host_limit_bytes" || !absl::SimpleAtoi(value, &bytes)) return value;
  return FormatSize(bytes);
}

std::string FixLine(const Diagnosis& diagnosis, const Case& c) {
  if (diagnosis.healthy) return "fix: none needed";
  if (RanOutOfMemory(diagnosis, c)) return "fix: " + MemoryAdvice(c);
  if (MemoryGrows(diagnosis)) return "fix: " + diagnosis.causes.front().advice;
  for (const Cause& cause : diagnosis.causes) {
    if (!cause.fix) continue;
    const Fix& fix = *cause.fix;
    std::string line = fmt::format("fix: {} {} instead of {}: {}, {:.3g} ms a step expected ({:.3g} to {:.3g})",
                                   FlagOf(fix.knob), AsFlag(fix.knob, fix.to), AsFlag(fix.knob, fix.from),
                                   GainText(fix.throughput_gain), fix.expected_step_ms, fix.low, fix.high);
    if (fix.knob != "prefetch_depth" && fix.knobs.prefetch_depth != c.run.knobs.prefetch_depth) {
      line += fmt::format(", with --prefetch {}", fix.knobs.prefetch_depth);
    }
    if (&cause == &diagnosis.causes.front() && cause.id != "slow-input") return line;
    return cause.advice.empty() ? line : line + ". " + cause.advice;
  }
  if (!diagnosis.causes.empty()) return "fix: " + diagnosis.causes.front().advice;
  return "fix: none known; export the trace and look at a timeline (stallpoint export)";
}

}  // namespace

Diagnosis Diagnose(const RunRecord& run, const Predictor* predictor, double threshold) {
  const Case c = Examine(run, predictor, threshold);
  Diagnosis diagnosis;
  const bool stepped = c.summary.window.steps() > 0;
  diagnosis.stall_share = stepped ? c.stall() : 1;
  diagnosis.bound = stepped ? BoundOf(c.summary.shares, threshold) : Bound::kOther;
  for (const Finder find : kRanked) {
    if (!stepped && find != FindSlowStart) continue;
    if (std::optional<Cause> cause = find(c)) diagnosis.causes.push_back(*std::move(cause));
  }
  std::stable_sort(diagnosis.causes.begin(), diagnosis.causes.end(),
                   [](const Cause& a, const Cause& b) { return a.share > b.share; });
  // Where the device idles for data, loading is what the verdict names, however much of the same time another cause
  // could win back in a simulation.
  if (diagnosis.bound == Bound::kData) {
    std::stable_partition(diagnosis.causes.begin(), diagnosis.causes.end(),
                          [](const Cause& cause) { return cause.id == "slow-input"; });
  }
  std::vector<Cause> first;
  for (const Finder find : kFirst) {
    if (std::optional<Cause> cause = find(c)) first.push_back(*std::move(cause));
  }
  diagnosis.causes.insert(diagnosis.causes.begin(), first.begin(), first.end());

  if (diagnosis.bound == Bound::kData || std::any_of(diagnosis.causes.begin(), diagnosis.causes.end(),
                                                     [](const Cause& cause) { return cause.id == "slow-input"; })) {
    const StageFinding slowest = FindSlowestStage(c);
    if (slowest.stage != nullptr) diagnosis.stage = slowest.stage->name;
    diagnosis.wait = slowest.wait;
  }
  diagnosis.healthy = stepped && !c.stalled() && diagnosis.causes.empty() && Ended(run);
  if (run.outcome == "out-of-memory") diagnosis.bound = Bound::kMemory;
  diagnosis.verdict = VerdictOf(diagnosis, c);
  diagnosis.lines = {FirstLine(diagnosis, c), EvidenceLine(diagnosis, c), FixLine(diagnosis, c)};
  return diagnosis;
}

}  // namespace stallpoint
