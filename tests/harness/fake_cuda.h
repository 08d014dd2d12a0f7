// A libcuda for the tests: its device is a thread that does what it is given, in order and after a while, in the host's
// memory. Loaded before anything looks for the driver, it is the driver of the process.
#ifndef STALLPOINT_TESTS_HARNESS_FAKE_CUDA_H_
#define STALLPOINT_TESTS_HARNESS_FAKE_CUDA_H_

#include <cstddef>
#include <cstdint>

struct FakeCuda {
  int init_code = 0;
  int devices = 2;  // or what FAKE_CUDA_DEVICES says
  size_t memory_bytes = size_t{1} << 30;
  // What a copy to the device takes, and what its bytes take besides; or what FAKE_CUDA_COPY says, "NS" or
  // "NS,NS_PER_KIB".
  int64_t copy_ns = 0, copy_ns_per_kib = 0;
  // The function of this name returns this code.
  const char* failing = "";
  int code = 0;
};

// The library exports FakeCudaSettings() -> FakeCuda*, FakeCudaCalls() -> what was called since the last
// FakeCudaReset(), each followed by a space, FakeCudaInUse() -> objects and allocations that were not given back, and
// FakeCudaKernel(ns, function, argument), which the device runs in order and which takes so long.

#endif  // STALLPOINT_TESTS_HARNESS_FAKE_CUDA_H_
