// The values of plugin_check.h as messages between the program and the process of a check, and back.
#ifndef STALLPOINT_HARNESS_CHECK_CHECK_MESSAGES_H_
#define STALLPOINT_HARNESS_CHECK_CHECK_MESSAGES_H_

#include <string>

#include "harness/check/checks.h"
#include "harness/run/run.pb.h"

namespace stallpoint {

run::Check ToProto(const std::string& check, const CheckTarget& target);
run::CheckResult ToProto(const CheckResult& result);
CheckResult FromProto(const run::CheckResult& result);

// In the process of the check.
CheckResult RunCheck(const run::Check& check);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_CHECK_MESSAGES_H_
