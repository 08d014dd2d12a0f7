// The series `pressure_some` and `pressure_full`: the share of the time in which some, or all, tasks of the run's
// cgroup waited for a resource (PSI). Of the whole machine where the cgroup does not tell.
#ifndef STALLPOINT_PLUGINS_PROBES_PRESSURE_SERIES_H_
#define STALLPOINT_PLUGINS_PROBES_PRESSURE_SERIES_H_

#include <string>
#include <vector>

#include "plugins/probes/files.h"
#include "plugins/probes/rate.h"
#include "stallpoint/plugin/probe.h"

namespace stallpoint::probes {

class PressureSeries {
 public:
  // `resource`: "cpu", "memory" or "io". `with_full`: also `pressure_full`, which means nothing for the CPU of a
  // machine.
  PressureSeries(const Files& files, const std::string& resource, bool with_full);

  // None where the kernel has no PSI.
  void add_to(std::vector<plugin::Series>& series) const;
  void emit(int64_t now_ns, const plugin::Emitter& emit);

 private:
  const Files& files_;
  const bool with_full_;
  std::string file_;  // empty: there is none
  Rate some_, full_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_PRESSURE_SERIES_H_
