// The values of live_run.h as messages, and back.
#ifndef STALLPOINT_HARNESS_RUN_RUN_MESSAGES_H_
#define STALLPOINT_HARNESS_RUN_RUN_MESSAGES_H_

#include "absl/status/statusor.h"
#include "harness/run/live_run.h"
#include "harness/run/run.pb.h"

namespace stallpoint {

run::Request ToProto(const RunRequest& request);
RunRequest FromProto(const run::Request& request);

run::Progress ToProto(const RunProgress& progress);
RunProgress FromProto(const run::Progress& progress);

// An error's exit code travels with it.
run::Result ToProto(const absl::StatusOr<RunOutcome>& outcome);
absl::StatusOr<RunOutcome> FromProto(const run::Result& result);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_RUN_MESSAGES_H_
