// A bounded queue with one thread that takes from it: the requests of one worker, the steps of a device.
//
// Each mailbox has its own condition, so that putting something in wakes the one thread it is meant for and no other.
#ifndef STALLPOINT_HARNESS_ENGINE_MAILBOX_H_
#define STALLPOINT_HARNESS_ENGINE_MAILBOX_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace stallpoint {

template <typename T>
class Mailbox {
 public:
  explicit Mailbox(size_t capacity) : ring_(capacity) {}

  // [any] REQUIRES: fewer than `capacity` are waiting to be taken.
  void Put(T item) {
    bool wake;
    {
      std::lock_guard lock(mutex_);
      ring_[(first_ + count_) % ring_.size()] = std::move(item);
      ++count_;
      wake = waiting_;
    }
    if (wake) changed_.notify_one();
  }

  // [the taker] Waits for an item; nothing once the mailbox is closed, whatever is still in it.
  std::optional<T> Take() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.wait(lock, [this] { return closed_ || count_ > 0; });
    waiting_ = false;
    if (closed_) return std::nullopt;
    T item = std::move(ring_[first_]);
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return item;
  }

  // [any]
  void Close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> ring_;
  size_t first_ = 0, count_ = 0;
  bool waiting_ = false, closed_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_MAILBOX_H_
