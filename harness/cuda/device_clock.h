// Times of a device on the host's clock.
//
// The difference of the two is not measured at once: an event cannot come before the host issued it, nor after the host
// saw that it had passed. Each step says both, which holds the difference to the shorter of launch and notice latency,
// and follows the clocks as they drift apart. Values are plain; one thread.
#ifndef STALLPOINT_HARNESS_CUDA_DEVICE_CLOCK_H_
#define STALLPOINT_HARNESS_CUDA_DEVICE_CLOCK_H_

#include <cmath>
#include <cstdint>

namespace stallpoint {

class DeviceClock {
 public:
  // What the device calls `device_ns` was not before, or not after, `host_ns`. The newest word holds.
  void NotBefore(double device_ns, int64_t host_ns) {
    const double least = static_cast<double>(host_ns) - device_ns;
    if (!known_ || difference_ns_ < least) difference_ns_ = least;
    known_ = true;
  }
  void NotAfter(double device_ns, int64_t host_ns) {
    const double most = static_cast<double>(host_ns) - device_ns;
    if (!known_ || difference_ns_ > most) difference_ns_ = most;
    known_ = true;
  }
  int64_t HostNs(double device_ns) const { return std::llround(device_ns + difference_ns_); }

 private:
  bool known_ = false;
  double difference_ns_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUDA_DEVICE_CLOCK_H_
