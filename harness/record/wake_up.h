// Wakes a thread from any other without a lock: what a thread that must not wait may call.
#ifndef STALLPOINT_HARNESS_RECORD_WAKE_UP_H_
#define STALLPOINT_HARNESS_RECORD_WAKE_UP_H_

#include <semaphore.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace stallpoint {

class WakeUp {
 public:
  WakeUp() { sem_init(&posts_, 0, 0); }
  ~WakeUp() { sem_destroy(&posts_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  // [any] About 30 ns when nobody waits, a system call when somebody does.
  void Post() { sem_post(&posts_); }
  // Returns when it was posted since the last call, or at `until`; whether it was posted. Takes all posts at once.
  bool WaitUntil(std::chrono::steady_clock::time_point until) {
    const auto since_epoch = until.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
    const timespec deadline = {seconds.count(), (since_epoch - seconds).count()};
    bool posted = false;
    while (!posted) {
      posted = sem_clockwait(&posts_, CLOCK_MONOTONIC, &deadline) == 0;
      if (!posted && errno != EINTR) return false;
    }
    while (sem_trywait(&posts_) == 0) {
    }
    return true;
  }

 private:
  sem_t posts_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_WAKE_UP_H_
