// The checks themselves, each run in the process that calls it.
#ifndef STALLPOINT_HARNESS_CHECK_CHECKS_H_
#define STALLPOINT_HARNESS_CHECK_CHECKS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "harness/check/plugin_check.h"

namespace stallpoint {

struct CheckResult {
  Verdict verdict = Verdict::kPass;
  std::string sentence;
};

CheckResult Failed(const absl::Status& why);

struct Check {
  const char* name;
  CheckResult (*run)(const CheckTarget& target);
};

// Of the file and its tables: nothing but create and destroy is called.
CheckResult CheckLoads(const CheckTarget& target);
CheckResult CheckUnknownId(const CheckTarget& target);
CheckResult CheckErrorMessage(const CheckTarget& target);
CheckResult CheckOlderHost(const CheckTarget& target);
CheckResult CheckNewerHost(const CheckTarget& target);

// Of a workload at work.
CheckResult CheckExceptions(const CheckTarget& target);
CheckResult CheckOutOfRange(const CheckTarget& target);
CheckResult CheckBatchOfOne(const CheckTarget& target);
CheckResult CheckShortLastBatch(const CheckTarget& target);
CheckResult CheckSameChecksum(const CheckTarget& target);
CheckResult CheckRepeatable(const CheckTarget& target);
CheckResult CheckCancel(const CheckTarget& target);
CheckResult CheckOutOfMemory(const CheckTarget& target);
CheckResult CheckRunsOnCpu(const CheckTarget& target);

// The first is CheckLoads.
const std::vector<Check>& AllChecks();

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_CHECKS_H_
