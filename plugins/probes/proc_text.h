// What the texts of /proc and cgroups say. Each function takes a whole file, or a line of one, of any content, and
// gives nothing when what it looks for is not there. Fields that later kernels add are passed over.
#ifndef STALLPOINT_PLUGINS_PROBES_PROC_TEXT_H_
#define STALLPOINT_PLUGINS_PROBES_PROC_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stallpoint::probes {

// The number on the line that begins with `key`, which ':' or a blank follows: meminfo, vmstat, io, smaps_rollup. As it
// stands: a "kB" behind it is the caller's business.
std::optional<uint64_t> ValueOf(std::string_view text, std::string_view key);

// /proc/pressure/*, *.pressure of a cgroup: microseconds in which some task, or all of them, waited, since boot.
struct Pressure {
  uint64_t some_us = 0;
  std::optional<uint64_t> full_us;  // older kernels do not tell it for the CPU
};
std::optional<Pressure> ParsePressure(std::string_view text);

// /proc/PID/stat or /proc/PID/task/TID/stat, whose second field may hold anything.
struct TaskStat {
  char state = '?';  // R runs or waits for a core, S sleeps, D sleeps where no signal reaches it, ...
  uint64_t faults_minor = 0, faults_major = 0;
  uint64_t user_ticks = 0, system_ticks = 0;  // of sysconf(_SC_CLK_TCK)
};
std::optional<TaskStat> ParseTaskStat(std::string_view text);

// schedstat of a task. The first field, time on a core, is stale by up to a tick and left out.
struct TaskSchedule {
  uint64_t run_queue_ns = 0;  // runnable, without a core
  uint64_t slices = 0;        // times it was put on a core
};
std::optional<TaskSchedule> ParseTaskSchedule(std::string_view text);

// The line of one block device in /proc/diskstats, totals since boot.
struct DiskTotals {
  uint64_t reads = 0, read_ms = 0;  // completed; time from request to completion, summed over them
  uint64_t busy_ms = 0;             // with a request under way
};
std::optional<DiskTotals> ParseDiskStats(std::string_view text, unsigned major, unsigned minor);

// The path in the unified hierarchy that /proc/self/cgroup names ("0::/user.slice"): "/user.slice".
std::optional<std::string> UnifiedCgroup(std::string_view text);

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_PROC_TEXT_H_
