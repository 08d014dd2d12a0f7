// One probe at work on a thread of its own: created, started, polled until it is told to end or breaks a rule, stopped.
//
// A probe that does not come back from one of its functions keeps its thread, and what the thread needs, for as long as
// the process lives; the run goes on without it.
#ifndef STALLPOINT_HARNESS_RUN_PROBE_THREAD_H_
#define STALLPOINT_HARNESS_RUN_PROBE_THREAD_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "harness/host/plugin_search.h"
#include "harness/host/probe_host.h"

namespace stallpoint {

// As the system shows the threads, the probe's id behind it.
inline constexpr char kProbeThreadPrefix[] = "probe-";

struct ProbePlan {
  FoundPlugin plugin;
  std::map<std::string, std::string> options;
};

class ProbeThread {
 public:
  // What became of the probe so far.
  struct Account {
    uint64_t polls = 0;
    uint64_t cpu_ns = 0;  // of its thread
    std::string stopped;  // why it ended by itself; empty: it did not
  };

  // `outlet` is used by the thread until `Join` returns. A line that says why goes there when the probe ends by itself.
  ProbeThread(const ProbePlan& plan, ProbeOutlet& outlet);
  // REQUIRES: Join was called.
  ~ProbeThread();
  ProbeThread(const ProbeThread&) = delete;
  ProbeThread& operator=(const ProbeThread&) = delete;

  void AskToEnd();
  // Waits until the thread has ended, until `deadline` at most, when it is left behind. What became of it.
  Account Join(std::chrono::steady_clock::time_point deadline);

 private:
  struct State;

  std::shared_ptr<State> state_;
};

// How long after a poll began the next one is due.
int64_t PollIntervalNs(int64_t min_poll_ns, uint64_t poll_cpu_ns);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_PROBE_THREAD_H_
