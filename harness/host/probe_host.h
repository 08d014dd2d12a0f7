// What the harness offers to one probe, as the table of the ABI, and what it holds the probe to.
//
// Values go to an outlet, by the place of their series; a value that breaks the rules of stallpoint/abi/probe.h goes
// nowhere and is told by `Check`. Memory that the probe asks for is its own and counts towards no limit. The table's
// functions may be called from any thread, also after `Detach`, when they lead nowhere: a probe that never returns
// keeps its host.
#ifndef STALLPOINT_HARNESS_HOST_PROBE_HOST_H_
#define STALLPOINT_HARNESS_HOST_PROBE_HOST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "stallpoint/abi/host.h"

namespace stallpoint {

struct ProbeSeries {
  std::string name, unit;
};

// Where a probe's values and lines end up. Called one at a time, from the probe's threads.
class ProbeOutlet {
 public:
  virtual ~ProbeOutlet() = default;
  // Once, before the first value.
  virtual void Declare(const std::vector<ProbeSeries>& series) = 0;
  virtual void Counter(size_t series, double value) = 0;
  virtual void Log(int32_t severity, std::string_view text) = 0;
};

class ProbeHost {
 public:
  // `outlet` must outlive the object, or be detached before it ends.
  ProbeHost(std::map<std::string, std::string> options, ProbeOutlet& outlet);
  ProbeHost(const ProbeHost&) = delete;
  ProbeHost& operator=(const ProbeHost&) = delete;

  const sp_host* table() const { return &table_; }

  // The series whose values are taken from now on.
  void Declare(const std::vector<ProbeSeries>& series);
  // Another poll begins: each series may have one more value.
  void BeginPoll();
  // InvalidArgument once the probe emitted what it must not.
  absl::Status Check() const;
  // A line about the probe, as if it had logged it.
  void Say(int32_t severity, std::string_view text);
  // Tells the probe that the run is to end soon.
  void Cancel() { cancelled_ = true; }
  // Nothing reaches the outlet any more.
  void Detach();

 private:
  struct Table;  // the C functions

  void Counter(uint32_t name_id, double value);

  const std::map<std::string, std::string> options_;
  const int32_t enabled_ = 1;
  std::atomic<bool> cancelled_{false};
  sp_host table_;

  mutable std::mutex mutex_;  // guards what follows
  ProbeOutlet* outlet_;
  std::vector<std::string> names_;  // by id - 1
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<ProbeSeries> series_;
  std::vector<bool> emitted_;  // of each series, in this poll
  absl::Status broken_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_PROBE_HOST_H_
