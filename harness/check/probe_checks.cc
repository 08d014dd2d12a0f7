// Checks of a probe at work: what a recorded run will ask of it.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/check/checks.h"
#include "harness/host/plugin_call.h"
#include "harness/host/probe.h"
#include "harness/record/clock.h"
#include "harness/run/run_probes.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

// Of a core: beyond the first the harness polls less often than the probe says, beyond the second hardly ever.
constexpr double kFreeShare = 0.01, kWorstShare = 0.1;
constexpr int kCheckPolls = 8;
// However seldom the probe is to be polled, a check of its series goes on after so long.
constexpr int64_t kLongestWaitNs = 500'000'000;

// Counts what is emitted.
class CountingOutlet : public ProbeOutlet {
 public:
  void Declare(const std::vector<ProbeSeries>& series) override { counts_.assign(series.size(), 0); }
  void Counter(size_t series, double /*value*/) override { ++counts_[series]; }
  void Log(int32_t /*severity*/, std::string_view /*text*/) override {}

  const std::vector<int>& counts() const { return counts_; }

 private:
  std::vector<int> counts_;
};

// A probe created and started in this process.
class ProbeAtWork {
 public:
  static absl::StatusOr<std::unique_ptr<ProbeAtWork>> Start(const CheckTarget& target) {
    auto found = FindProbe(target.plugin);
    if (!found.ok()) return found.status();
    auto plan = PlanProbe(*std::move(found), target.options, "", target.data_dir);
    if (!plan.ok()) return plan.status();
    std::unique_ptr<ProbeAtWork> work(new ProbeAtWork(*std::move(plan)));
    auto probe = Probe::Create(work->plan_.plugin, work->host_);
    if (!probe.ok()) return probe.status();
    work->probe_ = *std::move(probe);
    if (absl::Status started = work->probe_->Start(); !started.ok()) return started;
    return work;
  }

  Probe& probe() { return *probe_; }
  const CountingOutlet& outlet() const { return outlet_; }

  // Polls `count` times at the probe's own pace.
  absl::Status Poll(int count) {
    for (int i = 0; i < count; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(IntervalNs()));
      if (absl::Status polled = probe_->Poll(MonotonicNs()); !polled.ok()) return polled;
    }
    return absl::OkStatus();
  }
  int64_t IntervalNs() const { return std::min(kLongestWaitNs, PollIntervalNs(probe_->min_poll_ns(), 0)); }

 private:
  explicit ProbeAtWork(ProbePlan plan) : plan_(std::move(plan)), host_(plan_.options, outlet_) {}

  const ProbePlan plan_;
  CountingOutlet outlet_;
  ProbeHost host_;
  std::unique_ptr<Probe> probe_;
};

using ProbeSession = absl::StatusOr<std::unique_ptr<ProbeAtWork>>;

// What it observes may be missing here alone: a run goes on without it, and so do the checks.
CheckResult NotStarted(const absl::Status& status) {
  return {Verdict::kSkip, absl::StrCat("the probe does not start here: ", status.message())};
}

}  // namespace

CheckResult CheckProbeExceptions(const CheckTarget& target) {
  const auto plugin = FindProbe(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  CountingOutlet outlet;
  ProbeHost host(target.options, outlet);
  sp_error error = NoPluginError();
  sp_probe table = {};
  table.struct_size = sizeof(table);
  return WithoutExceptions([&](const char*& function) -> CheckResult {
    function = "create_probe";
    const sp_code code = plugin->library.entry().create_probe(plugin->descriptor->id, host.table(), &table, &error);
    if (code != SP_OK) return NotStarted(ToStatus(code, error, function));
    if (auto checked = CheckProbeTable(plugin->descriptor->id, table); !checked.ok()) return Failed(checked.status());
    function = "start";
    if (table.start(table.self, &error) == SP_OK) {
      function = "poll";
      table.poll(table.self, MonotonicNs(), &error);
      function = "stop";
      table.stop(table.self);
    }
    function = "destroy";
    table.destroy(table.self);
    return {Verdict::kPass, "what goes wrong comes back as a code"};
  });
}

CheckResult CheckStopTwice(const CheckTarget& target) {
  const ProbeSession work = ProbeAtWork::Start(target);
  if (!work.ok()) return NotStarted(work.status());
  (*work)->probe().Stop();
  (*work)->probe().StopAgain();
  return {Verdict::kPass, "a second stop() does no harm"};
}

CheckResult CheckStartAgain(const CheckTarget& target) {
  const ProbeSession work = ProbeAtWork::Start(target);
  if (!work.ok()) return NotStarted(work.status());
  if (absl::Status polled = (*work)->Poll(2); !polled.ok()) return Failed(polled);
  (*work)->probe().Stop();
  if (absl::Status started = (*work)->probe().Start(); !started.ok()) {
    return {Verdict::kFail, absl::StrCat("start() after stop() fails: ", started.message())};
  }
  if (absl::Status polled = (*work)->Poll(2); !polled.ok()) {
    return {Verdict::kFail, absl::StrCat("after stop() and start() poll() fails: ", polled.message())};
  }
  return {Verdict::kPass, "polled, stopped, started and polled again"};
}

CheckResult CheckSeries(const CheckTarget& target) {
  const ProbeSession work = ProbeAtWork::Start(target);
  if (!work.ok()) return NotStarted(work.status());
  if (absl::Status polled = (*work)->Poll(kCheckPolls); !polled.ok()) return Failed(polled);
  std::vector<std::string> silent;
  for (size_t i = 0; i < (*work)->probe().series().size(); ++i) {
    if ((*work)->outlet().counts()[i] == 0) silent.push_back((*work)->probe().series()[i].name);
  }
  const size_t declared = (*work)->probe().series().size();
  if (declared == 0) return {Verdict::kWarn, "no series is declared; a probe without one shows nothing"};
  if (!silent.empty()) {
    return {Verdict::kWarn,
            absl::StrCat("declared but not emitted in ", kCheckPolls, " polls: ", absl::StrJoin(silent, ", "))};
  }
  return {Verdict::kPass, absl::StrCat("all ", declared, " series came in ", kCheckPolls, " polls, and no other")};
}

CheckResult CheckPollCost(const CheckTarget& target) {
  const ProbeSession work = ProbeAtWork::Start(target);
  if (!work.ok()) return NotStarted(work.status());
  const auto thread_cpu_ns = [] {
    timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return int64_t{cpu.tv_sec} * 1'000'000'000 + cpu.tv_nsec;
  };
  std::vector<int64_t> costs_ns;
  for (int i = 0; i < kCheckPolls; ++i) {
    const int64_t begin_ns = thread_cpu_ns();
    if (absl::Status polled = (*work)->Poll(1); !polled.ok()) return Failed(polled);
    costs_ns.push_back(thread_cpu_ns() - begin_ns);
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<int64_t>(50'000'000, (*work)->IntervalNs())));
  }
  std::sort(costs_ns.begin(), costs_ns.end());
  const int64_t cost_ns = costs_ns[costs_ns.size() / 2];
  const int64_t period_ns = PollIntervalNs((*work)->probe().min_poll_ns(), 0);
  const double share = static_cast<double>(cost_ns) / static_cast<double>(period_ns);
  const std::string says = absl::StrFormat("a poll takes %.2f ms of CPU time, %.2f %% of a core every %s",
                                           static_cast<double>(cost_ns) / 1e6, share * 100, FormatTimeNs(period_ns));
  if (share > kWorstShare) return {Verdict::kFail, absl::StrCat(says, "; expected 1 %")};
  if (share > kFreeShare) return {Verdict::kWarn, absl::StrCat(says, "; it is polled less often, to stay below 1 %")};
  return {Verdict::kPass, says};
}

}  // namespace stallpoint
