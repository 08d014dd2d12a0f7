#include "harness/check/checks.h"

#include "absl/strings/str_cat.h"

namespace stallpoint {

CheckResult Failed(const absl::Status& why) { return {Verdict::kFail, std::string(why.message())}; }

CheckResult NotOpened(const absl::Status& why) {
  return {Verdict::kSkip, absl::StrCat("the workload does not open (", why.message(), "); --data and --set say how")};
}

const std::vector<Check>& AllChecks() {
  static const auto& checks = *new std::vector<Check>{
      {"loads-with-rtld-now", kOfWorkloads | kOfProbes, CheckLoads},
      {"unknown-id-fails", kOfWorkloads | kOfProbes, CheckUnknownId},
      {"error-has-message", kOfWorkloads | kOfProbes, CheckErrorMessage},
      {"older-host-struct", kOfWorkloads | kOfProbes, CheckOlderHost},
      {"newer-host-struct", kOfWorkloads | kOfProbes, CheckNewerHost},
      {"exception-stays-inside", kOfWorkloads | kOfProbes, CheckExceptions},
      {"out-of-range-sample-fails", kOfWorkloads, CheckOutOfRange},
      {"batch-of-one", kOfWorkloads, CheckBatchOfOne},
      {"short-last-batch", kOfWorkloads, CheckShortLastBatch},
      {"same-checksum-1-vs-8-workers", kOfWorkloads, CheckSameChecksum},
      {"begin-end-begin-repeatable", kOfWorkloads, CheckRepeatable},
      {"cancel-within-1s", kOfWorkloads, CheckCancel},
      {"oom-is-reported", kOfWorkloads, CheckOutOfMemory},
      {"step-does-not-sync", kOfWorkloads, CheckStepDoesNotSync},
      {"runs-on-cpu", kOfWorkloads, CheckRunsOnCpu},
      {"stop-twice", kOfProbes, CheckStopTwice},
      {"start-stop-start-repeatable", kOfProbes, CheckStartAgain},
      {"series-match-emissions", kOfProbes, CheckSeries},
      {"poll-within-declared-cost", kOfProbes, CheckPollCost},
  };
  return checks;
}

}  // namespace stallpoint
