// The probes of a recorded run: which there are, at work beside it, and what became of them.
#ifndef STALLPOINT_HARNESS_RUN_RUN_PROBES_H_
#define STALLPOINT_HARNESS_RUN_RUN_PROBES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/host/host_services.h"
#include "harness/run/probe_thread.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

// The probe with these options, which the user wrote with `prefix` before each key. One that lists `data_dir` is given
// the run's. InvalidArgument: an option that it does not have.
absl::StatusOr<ProbePlan> PlanProbe(FoundPlugin probe, std::map<std::string, std::string> options,
                                    const std::string& prefix, const std::string& data_dir);

// Finds the probes, ids or paths, and takes out of `options` what is theirs: PROBE.KEY. NotFound and the like: no such
// probe; InvalidArgument: an option it does not have, a probe named twice.
absl::StatusOr<std::vector<ProbePlan>> PlanProbes(const std::vector<std::string>& probes, const std::string& data_dir,
                                                  std::map<std::string, std::string>* options);

// As the trace names it before it has run.
trace::ProbeRun DescribeProbe(const ProbePlan& plan);

// [control] Begins with the object.
class RunProbes {
 public:
  // `host` records, and outlives the object, as `plans` do. Without a recorder there are no probes.
  RunProbes(const std::vector<ProbePlan>& plans, HostServices& host);
  ~RunProbes();
  RunProbes(const RunProbes&) = delete;
  RunProbes& operator=(const RunProbes&) = delete;

  // Ends all of them, waiting a second at most, and writes what became of each into the trace. Idempotent.
  void Stop();

 private:
  class Outlet;

  HostServices& host_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
  std::vector<std::unique_ptr<ProbeThread>> threads_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_RUN_PROBES_H_
