// What the run's threads do about a core: run, wait for one, sleep.
#ifndef STALLPOINT_PLUGINS_PROBES_CPU_PROBE_H_
#define STALLPOINT_PLUGINS_PROBES_CPU_PROBE_H_

#include <string>
#include <vector>

#include "plugins/probes/files.h"
#include "plugins/probes/pressure_series.h"
#include "plugins/probes/rate.h"
#include "plugins/probes/threads.h"
#include "stallpoint/plugin/probe.h"

namespace stallpoint::probes {

class CpuProbe : public plugin::Probe {
 public:
  static plugin::Description describe();
  explicit CpuProbe(plugin::Host host) : CpuProbe(host, "") {}
  CpuProbe(plugin::Host host, const std::string& root);

  std::vector<plugin::Series> series() const override;
  int64_t min_poll_ns() const override { return period_ns_; }
  void poll(int64_t now_ns, const plugin::Emitter& emit) override;

 private:
  const Files files_;
  const int64_t period_ns_;
  const bool has_schedules_;
  Threads threads_;
  PressureSeries pressure_;
  Rate ticks_, run_queue_, switches_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_CPU_PROBE_H_
