// A libcupti for the tests of the source: does what it is told, and notes what it was asked.
#ifndef STALLPOINT_TESTS_HARNESS_FAKE_CUPTI_H_
#define STALLPOINT_TESTS_HARNESS_FAKE_CUPTI_H_

#include <cstdint>

struct FakeCupti {
  // The function of this name returns this code.
  const char* failing = "";
  int code = 0;
  // As cuptiGetVersion says it: that of CUDA 13.5.
  uint32_t version = 130500;
  // What a device did by the time it is flushed: so many kernels, delivered by so many threads at once.
  uint32_t kernels = 0;
  uint32_t threads = 1;
  // Records that did not fit, told with the first buffer that is completed.
  uint32_t dropped = 0;
};

// The library exports Settings(), Reset(), Calls() (functions called since the last reset, each followed by a space)
// and DeliverNow() (fills and completes buffers, as when one is full before its period is over).

#endif  // STALLPOINT_TESTS_HARNESS_FAKE_CUPTI_H_
