#include "harness/cupti/cupti_remedy.h"

#include "absl/strings/str_cat.h"
#include "harness/cuda/driver_probe.h"

namespace stallpoint {
namespace {

// Since CUDA 13.0 a version reads 130000; before, API versions counted ..., 18, 19, ...
constexpr unsigned kFirstDecimalVersion = 100'000;

struct Meaning {
  int code;
  absl::StatusCode status;
  const char* text;
};

constexpr Meaning kMeanings[] = {
    {35, absl::StatusCode::kPermissionDenied,
     "insufficient privileges: the administrator may allow it with the driver option "
     "NVreg_RestrictProfilingToAdminUsers=0, or run as root"},
    {36, absl::StatusCode::kUnavailable,
     "the old profiler interface is in use: run without cudaProfilerInitialize and nvprof"},
    {38, absl::StatusCode::kFailedPrecondition,
     "the device is not supported by this interface: use a CUPTI of the driver's version"},
    {39, absl::StatusCode::kUnavailable,
     "another profiler has subscribed to this process (Nsight Systems, torch.profiler): run one at a time"},
    {40, absl::StatusCode::kPermissionDenied,
     "the hypervisor does not let this virtual machine profile its GPU: ask for it (vGPU profiling) at the host"},
    {41, absl::StatusCode::kFailedPrecondition,
     "confidential computing is on, which forbids profiling: use a machine in developer mode"},
    {42, absl::StatusCode::kFailedPrecondition, "this mining processor cannot be profiled: use another GPU"},
    {43, absl::StatusCode::kFailedPrecondition, "this MIG slice cannot be profiled: use a whole GPU"},
    {44, absl::StatusCode::kFailedPrecondition, "devices linked by SLI cannot be profiled: switch it off"},
    {45, absl::StatusCode::kFailedPrecondition,
     "this driver of the Windows Subsystem for Linux cannot be profiled: update it"},
};

}  // namespace

std::string CuptiVersionText(unsigned version) {
  if (version < kFirstDecimalVersion) return absl::StrCat("API ", version);
  return absl::StrCat(version / 10'000, ".", version % 10'000 / 100);
}

absl::Status RefusedByCupti(std::string_view call, int code, unsigned cupti_version) {
  const std::string what =
      absl::StrCat("CUPTI ", CuptiVersionText(cupti_version), " refuses (", std::string(call), ": ", code, "): ");
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code == code) return absl::Status(meaning.status, absl::StrCat(what, meaning.text));
  }
  const CudaDriverProbe driver = ProbeCudaDriver();
  if (driver.state != CudaDriverProbe::State::kReady) {
    return absl::FailedPreconditionError(absl::StrCat(what, driver.found, ": ", driver.remedy));
  }
  const bool too_old =
      cupti_version >= kFirstDecimalVersion && static_cast<unsigned>(driver.version) / 1000 < cupti_version / 10'000;
  if (too_old) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, "the driver knows CUDA ", CudaVersionText(driver.version),
                     " and is too old for it: update the driver, or set STALLPOINT_CUPTI to a libcupti.so of CUDA ",
                     driver.version / 1000));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(what, driver.found, "; the reason is not known: try without other profilers, and as root"));
}

}  // namespace stallpoint
