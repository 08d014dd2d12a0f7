// What the run's memory is made of, and whether there is enough of it.
#ifndef STALLPOINT_PLUGINS_PROBES_MEMORY_PROBE_H_
#define STALLPOINT_PLUGINS_PROBES_MEMORY_PROBE_H_

#include <string>
#include <vector>

#include "plugins/probes/files.h"
#include "plugins/probes/pressure_series.h"
#include "plugins/probes/rate.h"
#include "stallpoint/plugin/probe.h"

namespace stallpoint::probes {

class MemoryProbe : public plugin::Probe {
 public:
  static plugin::Description describe();
  explicit MemoryProbe(plugin::Host host) : MemoryProbe(host, "") {}
  MemoryProbe(plugin::Host host, const std::string& root);

  std::vector<plugin::Series> series() const override;
  int64_t min_poll_ns() const override { return period_ns_; }
  void poll(int64_t now_ns, const plugin::Emitter& emit) override;

 private:
  void PollProcess(int64_t now_ns, const plugin::Emitter& emit);
  // The kernel walks all pages for it: every `pss_period`, and more seldom in a process so large that it takes more
  // than 0.2 % of the time.
  void PollPss(int64_t now_ns, const plugin::Emitter& emit);
  void PollMachine(int64_t now_ns, const plugin::Emitter& emit);

  const plugin::Host host_;
  const Files files_;
  const plugin::Options options_;
  const int64_t period_ns_, pss_period_ns_;
  const bool has_pss_, has_shm_;
  PressureSeries pressure_;
  Rate faults_minor_, faults_major_, swap_in_, swap_out_;
  int64_t next_pss_ns_ = 0;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_MEMORY_PROBE_H_
