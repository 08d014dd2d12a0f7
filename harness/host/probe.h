// A probe of a plugin as a C++ object: errors are absl::Status, an exception that crosses the boundary is caught.
//
// Owns the plugin's object, stops and destroys it in that order. One thread, the probe's own, does everything, from
// creation to destruction.
#ifndef STALLPOINT_HARNESS_HOST_PROBE_H_
#define STALLPOINT_HARNESS_HOST_PROBE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/host/plugin_search.h"
#include "harness/host/probe_host.h"
#include "stallpoint/abi/entry.h"

namespace stallpoint {

class Probe {
 public:
  // Created, its table checked, its series declared to `host`, which must outlive the probe.
  static absl::StatusOr<std::unique_ptr<Probe>> Create(const FoundPlugin& plugin, ProbeHost& host);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  const std::vector<ProbeSeries>& series() const { return series_; }
  int64_t min_poll_ns() const { return table_.min_poll_ns; }

  absl::Status Start();
  // InvalidArgument also when the probe emitted what it must not.
  absl::Status Poll(int64_t now_ns);
  // At most once per start.
  void Stop();
  // For checks: stop() of a probe that is stopped.
  void StopAgain();

 private:
  Probe(const sp_probe& table, ProbeHost& host) : table_(table), host_(host) {}

  sp_probe table_;
  ProbeHost& host_;
  std::vector<ProbeSeries> series_;
  bool started_ = false;
};

// Checks the table that a probe `id` filled, before a function of it is called: sizes, functions, the texts of its
// series. What is returned are copies.
absl::StatusOr<std::vector<ProbeSeries>> CheckProbeTable(const std::string& id, const sp_probe& table);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_PROBE_H_
