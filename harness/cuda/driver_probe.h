// What of a CUDA driver this machine has: asked of libcuda, without a context and without CUDA's headers.
#ifndef STALLPOINT_HARNESS_CUDA_DRIVER_PROBE_H_
#define STALLPOINT_HARNESS_CUDA_DRIVER_PROBE_H_

#include <string>

namespace stallpoint {

struct CudaDriverProbe {
  enum class State {
    kNoLibrary,  // no libcuda.so.1
    kFails,      // cuInit refuses: a driver library without a kernel driver, or with another version's
    kNoDevice,
    kReady,
  };

  State state = State::kNoLibrary;
  int init_code = 0;  // of cuInit
  int version = 0;    // of the newest CUDA that the driver knows, 13000 for 13.0; 0: unknown
  int devices = 0;

  // What was found, and what to do about it; the latter is empty when all is good.
  std::string found, remedy;
};

// [any] Loads libcuda.so.1 and initialises it, which the first call of CUDA in a process would do as well.
CudaDriverProbe ProbeCudaDriver();

// "13.0" of 13000.
std::string CudaVersionText(int version);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUDA_DRIVER_PROBE_H_
