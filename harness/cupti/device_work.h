// What a device did and what the host asked of it, as plain values: between whoever watches a device and the trace.
//
// Times are CLOCK_MONOTONIC nanoseconds. Texts live for the call that passes them.
#ifndef STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_H_
#define STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_H_

#include <cstdint>
#include <string_view>

namespace stallpoint {

struct DeviceWork {
  enum class Kind {
    kOnStream,         // a kernel, a copy, a fill, a graph
    kCall,             // of the CUDA runtime or driver, on a thread of the host
    kSynchronization,  // the host, or a stream, waits
    kOverhead,         // what recording or the driver itself took from the host
  };

  Kind kind = Kind::kOnStream;
  std::string_view name;  // as the compiler mangled it, of kernels
  int64_t begin_ns = 0, end_ns = 0;
  uint32_t device = 0, context = 0, stream = 0;  // on streams
  uint32_t thread = 0;                           // of calls: as gettid() gives it
  uint32_t correlation = 0;                      // the same for a call and what it launched; 0: none
  uint64_t bytes = 0;
};

// An allocation on a device (positive) or its release.
struct DeviceMemoryChange {
  uint32_t device = 0;
  int64_t time_ns = 0;
  int64_t bytes = 0;
};

class DeviceWorkSink {
 public:
  virtual ~DeviceWorkSink() = default;
  virtual void OnWork(const DeviceWork& work) = 0;
  virtual void OnMemory(const DeviceMemoryChange& change) = 0;
  // The call of this correlation was made for the step of `batch`, whatever the time says.
  virtual void OnStepNamed(uint32_t correlation, int64_t batch) = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_H_
