// One CUDA device as a run uses it: the device's primary context, which frameworks share, and one stream.
//
// Calls that take no other contract may come from any thread; each makes the context current on its thread. Destroyed
// after everything that was made with it. Errors are those of CudaDriver::Check.
#ifndef STALLPOINT_HARNESS_CUDA_SESSION_H_
#define STALLPOINT_HARNESS_CUDA_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/cuda/driver.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

class CudaSession {
 public:
  // FailedPrecondition: there is no such device; the message says what there is and what to do. Opening asks the driver
  // for a context, which takes a tenth of a second or so and some hundred megabytes of the device.
  static absl::StatusOr<std::unique_ptr<CudaSession>> Open(int ordinal);
  ~CudaSession();
  CudaSession(const CudaSession&) = delete;
  CudaSession& operator=(const CudaSession&) = delete;

  const CudaDriver& driver() const { return driver_; }
  CudaDriver::Stream stream() const { return stream_; }
  absl::Status MakeCurrent() const;

  // Kind, name, UUID and memory.
  trace::DeviceDefinition Describe() const;
  // Bytes of the device that are in use, by whoever: the driver does not tell processes apart.
  absl::StatusOr<uint64_t> UsedBytes() const;
  // What was in use when the session was opened, its context among it: beyond that is the run's.
  uint64_t used_at_first_bytes() const { return used_at_first_bytes_; }

  // Page-locked host memory, aligned to a page; null when there is none left. Freed with FreePinned.
  void* AllocPinned(size_t bytes) const;
  void FreePinned(void* memory) const;

 private:
  CudaSession(CudaDriver driver, int ordinal) : driver_(driver), ordinal_(ordinal) {}
  absl::Status Begin();

  const CudaDriver driver_;
  const int ordinal_;
  int device_ = 0;
  CudaDriver::Context context_ = nullptr;
  CudaDriver::Stream stream_ = nullptr;
  uint64_t used_at_first_bytes_ = 0;
};

// OK when device `ordinal` is there; what Open would refuse, without asking for a context.
absl::Status CheckCudaDevice(int ordinal);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUDA_SESSION_H_
