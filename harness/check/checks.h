// The checks themselves, each run in the process that calls it.
#ifndef STALLPOINT_HARNESS_CHECK_CHECKS_H_
#define STALLPOINT_HARNESS_CHECK_CHECKS_H_

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/check/plugin_check.h"
#include "stallpoint/abi/entry.h"

namespace stallpoint {

struct CheckResult {
  Verdict verdict = Verdict::kPass;
  std::string sentence;
  int32_t kind = 0;  // SP_KIND_* of what was found; said by CheckLoads
};

CheckResult Failed(const absl::Status& why);
// A workload that cannot be opened can be missing nothing but its data: the check that runs it says so.
CheckResult NotOpened(const absl::Status& why);

// Which plugins a check is for, as bits.
enum CheckedKind : uint32_t { kOfWorkloads = 1u << SP_KIND_WORKLOAD, kOfProbes = 1u << SP_KIND_PROBE };

struct Check {
  const char* name;
  uint32_t kinds;
  CheckResult (*run)(const CheckTarget& target);
};

// Of the file and its tables, of a workload or a probe: nothing but create and destroy is called.
CheckResult CheckLoads(const CheckTarget& target);
CheckResult CheckUnknownId(const CheckTarget& target);
CheckResult CheckErrorMessage(const CheckTarget& target);
CheckResult CheckOlderHost(const CheckTarget& target);
CheckResult CheckNewerHost(const CheckTarget& target);

// Calls body(function), which keeps in `function` the name of what it calls; says which let an exception out, or what
// `body` found.
template <typename Body>
CheckResult WithoutExceptions(Body body) {
  const char* function = "";
  try {
    return body(function);
  } catch (const std::exception& thrown) {
    return {Verdict::kFail,
            absl::StrCat(function, "() let an exception out: ", thrown.what(), "; return a code and fill sp_error")};
  } catch (...) {
    return {Verdict::kFail, absl::StrCat(function, "() let something be thrown out of it")};
  }
}

// Of either at work.
CheckResult CheckExceptions(const CheckTarget& target);

// Of a workload at work.
CheckResult CheckOutOfRange(const CheckTarget& target);
CheckResult CheckBatchOfOne(const CheckTarget& target);
CheckResult CheckShortLastBatch(const CheckTarget& target);
CheckResult CheckSameChecksum(const CheckTarget& target);
CheckResult CheckRepeatable(const CheckTarget& target);
CheckResult CheckCancel(const CheckTarget& target);
CheckResult CheckOutOfMemory(const CheckTarget& target);
CheckResult CheckStepDoesNotSync(const CheckTarget& target);
CheckResult CheckRunsOnCpu(const CheckTarget& target);

// Of a probe at work.
CheckResult CheckProbeExceptions(const CheckTarget& target);
CheckResult CheckStopTwice(const CheckTarget& target);
CheckResult CheckStartAgain(const CheckTarget& target);
CheckResult CheckSeries(const CheckTarget& target);
CheckResult CheckPollCost(const CheckTarget& target);

// The first is CheckLoads.
const std::vector<Check>& AllChecks();

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_CHECKS_H_
