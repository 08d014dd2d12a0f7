#include "harness/run/run_exit.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

constexpr char kPayload[] = "stallpoint.exit_code";

}  // namespace

absl::Status WithExitCode(absl::Status status, int exit_code) {
  if (!status.ok()) status.SetPayload(kPayload, absl::Cord(absl::StrCat(exit_code)));
  return status;
}

int ExitCodeOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  int exit_code = 0;
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &exit_code)) return exit_code;
  return run_exit::kUsage;
}

}  // namespace stallpoint
