// What the codes of CUPTI mean to somebody who wants device work recorded: a name, and what to do about it.
#ifndef STALLPOINT_HARNESS_CUPTI_CUPTI_REMEDY_H_
#define STALLPOINT_HARNESS_CUPTI_CUPTI_REMEDY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace stallpoint {

// Codes that are looked for by number: CUpti_Result keeps them over all versions.
namespace cupti_code {
inline constexpr int kSuccess = 0, kEndOfBuffer = 12, kNotInitialized = 15, kUnknown = 999;
}

// Why `call` was refused, in one line that ends with what to do. Looks at the machine's driver where the code alone
// does not say. FailedPrecondition: the machine; PermissionDenied: rights; Unavailable: another profiler.
absl::Status RefusedByCupti(std::string_view call, int code, unsigned cupti_version);

// "13.5" of 130500; CUPTI 12.0 to 12.5 count API versions instead ("API 18").
std::string CuptiVersionText(unsigned version);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_CUPTI_REMEDY_H_
