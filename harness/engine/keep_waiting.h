// How main waits: it looks up now and then to see whether the run is to go on.
#ifndef STALLPOINT_HARNESS_ENGINE_KEEP_WAITING_H_
#define STALLPOINT_HARNESS_ENGINE_KEEP_WAITING_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace stallpoint {

// Asked on the main thread at least every kLookUpInterval while it waits; false ends the wait and the run.
using KeepWaiting = std::function<bool()>;

inline constexpr std::chrono::milliseconds kLookUpInterval{50};

// Waits until `ready`; false when `keep_waiting` ended it. `keep_waiting` is called without the lock.
template <typename Ready>
bool WaitFor(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, const KeepWaiting& keep_waiting,
             Ready ready) {
  while (!changed.wait_for(lock, kLookUpInterval, ready)) {
    lock.unlock();
    const bool go_on = keep_waiting();
    lock.lock();
    if (!go_on) return ready();
  }
  return true;
}

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_KEEP_WAITING_H_
