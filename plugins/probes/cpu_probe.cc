#include "plugins/probes/cpu_probe.h"

#include <unistd.h>

#include "plugins/probes/period.h"
#include "plugins/probes/proc_text.h"

namespace stallpoint::probes {
namespace {

constexpr double kCpuNsPerSecond = 1e9;

}  // namespace

plugin::Description CpuProbe::describe() {
  return {"cpu", "threads by state, cores used, wait for a core", "1.0", {PeriodOption("250ms")}, ""};
}

CpuProbe::CpuProbe(plugin::Host host, const std::string& root)
    : files_(root),
      period_ns_(plugin::Options(host, describe().options).time_ns("period")),
      has_schedules_(ParseTaskSchedule(files_.read("/proc/self/schedstat")).has_value()),
      threads_(files_),
      pressure_(files_, "cpu", false) {
  if (!ParseTaskStat(files_.read("/proc/self/stat"))) {
    throw plugin::Error(SP_FAILED_PRECONDITION,
                        files_.path("/proc/self/stat") + " cannot be read, expected the proc file system there");
  }
}

std::vector<plugin::Series> CpuProbe::series() const {
  std::vector<plugin::Series> all = {
      {"cores_used", "1"}, {"threads_runnable", "1"}, {"threads_sleeping", "1"}, {"threads_blocked", "1"}};
  if (has_schedules_) {
    all.push_back({"run_queue", "1"});
    all.push_back({"context_switches", "1/s"});
  }
  pressure_.add_to(all);
  return all;
}

void CpuProbe::poll(int64_t now_ns, const plugin::Emitter& emit) {
  const ThreadCounts counts = threads_.scan(has_schedules_);
  emit("threads_runnable", static_cast<double>(counts.runnable));
  emit("threads_sleeping", static_cast<double>(counts.sleeping));
  emit("threads_blocked", static_cast<double>(counts.blocked));
  if (const auto stat = ParseTaskStat(files_.read("/proc/self/stat"))) {
    if (const auto ticks = ticks_.per_second(stat->user_ticks + stat->system_ticks, now_ns)) {
      emit("cores_used", *ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
    }
  }
  if (has_schedules_) {
    // Nanoseconds waited per nanosecond: how many threads were waiting, on the average.
    if (const auto wait = run_queue_.per_second(threads_.totals().run_queue_ns, now_ns)) {
      emit("run_queue", *wait / kCpuNsPerSecond);
    }
    if (const auto switches = switches_.per_second(threads_.totals().slices, now_ns)) {
      emit("context_switches", *switches);
    }
  }
  pressure_.emit(now_ns, emit);
}

}  // namespace stallpoint::probes
