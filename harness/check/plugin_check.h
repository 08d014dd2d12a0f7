// Whether a plugin keeps the rules of the boundary: each check in a process of its own, so that a plugin that crashes,
// exits or hangs fails one check and not the others.
#ifndef STALLPOINT_HARNESS_CHECK_PLUGIN_CHECK_H_
#define STALLPOINT_HARNESS_CHECK_PLUGIN_CHECK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace stallpoint {

enum class Verdict {
  kPass,
  kFail,
  kCrash,  // the process of the check ended by a signal or exit()
  kSkip,   // could not be tried here; the sentence says why
  kWarn,   // allowed, but users will be surprised
};

const char* Name(Verdict verdict);  // "pass" "fail" "crash" "skip" "warn"

// One workload or probe to check, and what it needs to open.
struct CheckTarget {
  std::string plugin;  // an id, or the path of a file that holds one of either; an id of both is the workload
  std::map<std::string, std::string> options;  // --set
  std::string data_dir;
  std::string only;  // the name of one check besides loading; empty: all
};

struct CheckReport {
  std::string check;
  Verdict verdict = Verdict::kPass;
  std::string sentence;
};

// Names of all checks, in the order in which they are run.
std::vector<std::string> CheckNames();

// Runs every check of the target's kind; a hang is a failure after `timeout_ns`. `on_report` is told each result as it
// comes. The checks after loading are left out when the file cannot be loaded. Cancelled: `cancel` became true;
// InvalidArgument: `only` names no check.
// Thread: the caller's, which must outlive the call.
absl::StatusOr<std::vector<CheckReport>> CheckPlugin(const CheckTarget& target, int64_t timeout_ns,
                                                     const std::function<void(const CheckReport&)>& on_report,
                                                     const std::atomic<bool>& cancel);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_PLUGIN_CHECK_H_
