// What CUDA devices do while a run is recorded: kernels, copies, fills, graphs, calls, waits and device memory, of this
// process, put into its trace. The seam to CUPTI: one backend file uses it, the other is built where its headers are
// missing and only says so.
//
//   auto activity = DeviceActivity::Start(*recorder, {});
//   if (!activity.ok()) host.Log(SP_LOG_WARNING, activity.status().message());  // the host is recorded all the same
//   ...
//   (*activity)->Stop();   // before Recorder::Finish
#ifndef STALLPOINT_HARNESS_CUPTI_DEVICE_ACTIVITY_H_
#define STALLPOINT_HARNESS_CUPTI_DEVICE_ACTIVITY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "harness/cupti/device_work_recorder.h"
#include "harness/cupti/issue_times.h"
#include "harness/record/recorder.h"

namespace stallpoint {

class DeviceActivity {
 public:
  struct Options {
    // The only libcupti to try; empty: see CuptiLibrary::Load.
    std::string library;
    // Absent: devices are named by their numbers.
    DeviceWorkRecorder::DescribeDevice describe_device;
  };
  struct Totals {
    uint64_t recorded = 0;
    uint64_t set_aside = 0;  // impossible times, or not whole
    uint64_t dropped = 0;    // by CUPTI, or because decoding did not keep up
  };

  // Both of the recorder, which must outlive the object. One at a time per process. Errors are one line that says what
  // to do: NotFound (no CUPTI here), FailedPrecondition (no driver or device, or one too old), PermissionDenied (not
  // allowed), Unavailable (another profiler), Unimplemented (built without CUPTI's headers).
  static absl::StatusOr<std::unique_ptr<DeviceActivity>> Start(Recorder& recorder, Options options);
  // Stops.
  virtual ~DeviceActivity() = default;

  // [control] Forces out what devices have done so far, waits until it is handed to the recorder, and listens no
  // longer. What is lost is in the trace's accounts and in a log line. Idempotent.
  virtual Totals Stop() = 0;
  // [control] Stops, and takes CUPTI out of the process, so that calls of CUDA are as fast as if it had never been
  // there; until then a step that is all launches takes 40 to 70 % longer, and disabling kinds does not help. No other
  // thread may be calling CUDA, and the device must be idle. To be called only where it can_detach, and at most once.
  // FailedPrecondition: workers of the loader were seen to call CUDA, so that it stays.
  virtual absl::Status Detach() = 0;
  // False: a CUPTI before that of CUDA 12.6, which crashes.
  virtual bool can_detach() const = 0;
  // The step that is issued; tell it, and what devices do is tied to steps.
  virtual IssueTimes& issue_times() = 0;
};

struct CuptiFound {
  std::string description;  // "13.5 (/usr/local/cuda/lib64/libcupti.so.13)"
  absl::Status usable;      // whether it would let a run of this process be recorded
};
// [control] Which CUPTI would be used. An error: none, as Start says it. Asks the driver.
absl::StatusOr<CuptiFound> FindCupti();

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_DEVICE_ACTIVITY_H_
