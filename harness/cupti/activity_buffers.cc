#include "harness/cupti/activity_buffers.h"

#include <chrono>

namespace stallpoint {

uint8_t* ActivityBuffers::Take() {
  const std::lock_guard lock(mutex_);
  if (!idle_.empty()) {
    uint8_t* buffer = idle_.back();
    idle_.pop_back();
    return buffer;
  }
  auto* buffer = static_cast<uint8_t*>(aligned_alloc(kAlignment, kBytes));
  if (buffer != nullptr) all_.emplace_back(buffer);
  return buffer;
}

void ActivityBuffers::Complete(uint8_t* buffer, size_t valid_bytes) {
  if (buffer == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    filled_.push_back({buffer, valid_bytes < kBytes ? valid_bytes : kBytes});
  }
  changed_.notify_one();
}

ActivityBuffers::Filled ActivityBuffers::Next(int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return woken_ || !filled_.empty(); });
  woken_ = false;
  if (filled_.empty()) return {};
  const Filled next = filled_.front();
  filled_.pop_front();
  return next;
}

void ActivityBuffers::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void ActivityBuffers::GiveBack(uint8_t* buffer) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(buffer);
}

size_t ActivityBuffers::filled() const {
  const std::lock_guard lock(mutex_);
  return filled_.size();
}

size_t ActivityBuffers::made() const {
  const std::lock_guard lock(mutex_);
  return all_.size();
}

}  // namespace stallpoint
