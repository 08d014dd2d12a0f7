// What the run reads and writes, who waits for it, and how the device of its data answers.
#ifndef STALLPOINT_PLUGINS_PROBES_STORAGE_PROBE_H_
#define STALLPOINT_PLUGINS_PROBES_STORAGE_PROBE_H_

#include <string>
#include <vector>

#include "plugins/probes/files.h"
#include "plugins/probes/pressure_series.h"
#include "plugins/probes/proc_text.h"
#include "plugins/probes/rate.h"
#include "plugins/probes/threads.h"
#include "stallpoint/plugin/probe.h"

namespace stallpoint::probes {

class StorageProbe : public plugin::Probe {
 public:
  static plugin::Description describe();
  explicit StorageProbe(plugin::Host host) : StorageProbe(host, "") {}
  StorageProbe(plugin::Host host, const std::string& root);

  std::vector<plugin::Series> series() const override;
  int64_t min_poll_ns() const override { return period_ns_; }
  void poll(int64_t now_ns, const plugin::Emitter& emit) override;

 private:
  void PollProcess(int64_t now_ns, const plugin::Emitter& emit);
  void PollDevice(int64_t now_ns, const plugin::Emitter& emit);

  const Files files_;
  const plugin::Options options_;
  const int64_t period_ns_;
  const bool has_io_;
  unsigned device_major_ = 0, device_minor_ = 0;
  bool has_device_ = false;
  Threads threads_;
  PressureSeries pressure_;
  Rate read_, requested_, calls_, written_, device_reads_, device_busy_;
  DiskTotals last_device_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_STORAGE_PROBE_H_
