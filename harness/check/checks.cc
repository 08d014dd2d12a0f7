#include "harness/check/checks.h"

namespace stallpoint {

CheckResult Failed(const absl::Status& why) { return {Verdict::kFail, std::string(why.message())}; }

const std::vector<Check>& AllChecks() {
  static const auto& checks = *new std::vector<Check>{
      {"loads-with-rtld-now", CheckLoads},
      {"unknown-id-fails", CheckUnknownId},
      {"error-has-message", CheckErrorMessage},
      {"older-host-struct", CheckOlderHost},
      {"newer-host-struct", CheckNewerHost},
      {"exception-stays-inside", CheckExceptions},
      {"out-of-range-sample-fails", CheckOutOfRange},
      {"batch-of-one", CheckBatchOfOne},
      {"short-last-batch", CheckShortLastBatch},
      {"same-checksum-1-vs-8-workers", CheckSameChecksum},
      {"begin-end-begin-repeatable", CheckRepeatable},
      {"cancel-within-1s", CheckCancel},
      {"oom-is-reported", CheckOutOfMemory},
      {"runs-on-cpu", CheckRunsOnCpu},
  };
  return checks;
}

}  // namespace stallpoint
