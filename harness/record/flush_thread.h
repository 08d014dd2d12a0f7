// A thread that does one thing again and again: every interval, sooner when asked, and a last time at the end.
#ifndef STALLPOINT_HARNESS_RECORD_FLUSH_THREAD_H_
#define STALLPOINT_HARNESS_RECORD_FLUSH_THREAD_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "harness/record/wake_up.h"

namespace stallpoint {

// As the system shows it.
inline constexpr char kRecorderThreadName[] = "stallpoint-rec";

class FlushThread {
 public:
  // `flush(last)` runs on the thread; it returns how long after its begin the next one is due.
  // Posting `wake` makes it run sooner.
  FlushThread(std::shared_ptr<WakeUp> wake, std::function<int64_t(bool last)> flush)
      : wake_(std::move(wake)), flush_(std::move(flush)) {}
  // REQUIRES: Stop was called, or Start was not.
  ~FlushThread() = default;

  // Starts the thread and returns when the first flush is done. The thread takes no signals.
  void Start();

  // [any] Waits for a flush that begins after this call. Returns at once on the thread itself and after Stop.
  void FlushNow();
  // Runs the last flush and ends the thread. Idempotent, one thread at a time.
  void Stop();

 private:
  void Run();

  const std::shared_ptr<WakeUp> wake_;
  const std::function<int64_t(bool)> flush_;
  std::mutex mutex_;
  std::condition_variable served_changed_;
  uint64_t asked_ = 1, served_ = 0;
  bool stopping_ = false, stopped_ = false;
  std::thread::id id_;
  std::thread thread_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_FLUSH_THREAD_H_
