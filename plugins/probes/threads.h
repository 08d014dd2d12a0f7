// The threads of this process, as /proc/self/task tells.
#ifndef STALLPOINT_PLUGINS_PROBES_THREADS_H_
#define STALLPOINT_PLUGINS_PROBES_THREADS_H_

#include <cstdint>
#include <string>
#include <unordered_map>

#include "plugins/probes/files.h"
#include "plugins/probes/proc_text.h"

namespace stallpoint::probes {

struct ThreadCounts {
  int64_t runnable = 0;  // on a core, or waiting for one
  int64_t blocked = 0;   // asleep where no signal reaches it: storage, swapped pages
  int64_t sleeping = 0;
};

class Threads {
 public:
  explicit Threads(const Files& files) : files_(files) {}

  // Without the calling thread, which is always running when it looks. With `schedules`, also what `totals` adds up.
  ThreadCounts scan(bool schedules);
  // Since the first scan, over all threads, also those that have ended since.
  const TaskSchedule& totals() const { return totals_; }

 private:
  void AddSchedule(const std::string& thread, const std::string& folder);

  const Files& files_;
  bool scanned_ = false;
  std::unordered_map<std::string, TaskSchedule> last_, seen_;
  TaskSchedule totals_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_THREADS_H_
