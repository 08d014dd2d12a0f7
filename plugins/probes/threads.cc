#include "plugins/probes/threads.h"

namespace stallpoint::probes {
namespace {

constexpr char kTasks[] = "/proc/self/task";

}  // namespace

ThreadCounts Threads::scan(bool schedules) {
  ThreadCounts counts;
  const std::string own = files_.link_name("/proc/thread-self");
  for (const std::string& thread : files_.list(kTasks)) {
    const std::string folder = kTasks + ("/" + thread);
    if (schedules) AddSchedule(thread, folder);
    if (thread == own) continue;
    const auto stat = ParseTaskStat(files_.read(folder + "/stat"));
    if (!stat) continue;  // it has ended meanwhile
    if (stat->state == 'R')
      ++counts.runnable;
    else if (stat->state == 'D')
      ++counts.blocked;
    else if (stat->state != 'Z' && stat->state != 'X')
      ++counts.sleeping;
  }
  last_.swap(seen_);
  seen_.clear();
  scanned_ = true;
  return counts;
}

void Threads::AddSchedule(const std::string& thread, const std::string& folder) {
  const auto now = ParseTaskSchedule(files_.read(folder + "/schedstat"));
  if (!now) return;
  seen_[thread] = *now;
  // A thread that was not there before began since then: all that it has counts. An id may be given again.
  TaskSchedule before = scanned_ ? TaskSchedule() : *now;
  if (const auto known = last_.find(thread); known != last_.end()) before = known->second;
  if (now->slices < before.slices || now->run_queue_ns < before.run_queue_ns) before = TaskSchedule();
  totals_.run_queue_ns += now->run_queue_ns - before.run_queue_ns;
  totals_.slices += now->slices - before.slices;
}

}  // namespace stallpoint::probes
