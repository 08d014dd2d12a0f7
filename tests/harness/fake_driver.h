// The driver that stands in for CUDA's, from the side of a test. Of one test program: it takes the driver's name.
#ifndef STALLPOINT_TESTS_HARNESS_FAKE_DRIVER_H_
#define STALLPOINT_TESTS_HARNESS_FAKE_DRIVER_H_

#include <dlfcn.h>

#include <cstdint>
#include <string>

#include "catch.h"
#include "tests/harness/fake_cuda.h"

namespace stallpoint {

// Before anything looks for a driver: the loader then takes this one by its name.
template <typename Function>
inline Function FakeFunction(const char* name) {
  static void* library = dlopen(STALLPOINT_FAKE_CUDA, RTLD_NOW | RTLD_GLOBAL);
  REQUIRE(library != nullptr);
  return reinterpret_cast<Function>(dlsym(library, name));
}
inline FakeCuda& FreshDriver() {
  FakeFunction<void (*)()>("FakeCudaReset")();
  return *FakeFunction<FakeCuda* (*)()>("FakeCudaSettings")();
}
inline std::string Calls() { return FakeFunction<const char* (*)()>("FakeCudaCalls")(); }
inline int64_t InUse() { return FakeFunction<int64_t (*)()>("FakeCudaInUse")(); }
inline void Kernel(int64_t ns, void (*function)(void*) = nullptr, void* argument = nullptr) {
  FakeFunction<void (*)(int64_t, void (*)(void*), void*)>("FakeCudaKernel")(ns, function, argument);
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_HARNESS_FAKE_DRIVER_H_
