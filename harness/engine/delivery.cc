#include "harness/engine/delivery.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace stallpoint {

Delivery::Delivery(size_t capacity, bool in_order) : in_order_(in_order), slots_(capacity, nullptr) {}

void Delivery::Deliver(Batch* batch) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    const int64_t place = in_order_ ? batch->index : delivered_;
    slots_[static_cast<size_t>(place) % slots_.size()] = batch;
    ++delivered_;
    wake = main_waits_ && place == taken_;
  }
  if (wake) changed_.notify_one();
}

bool Delivery::Wait(const KeepWaiting& keep_waiting) {
  std::unique_lock lock(mutex_);
  main_waits_ = true;
  const bool there = WaitFor(changed_, lock, keep_waiting, [this] { return slots_[NextSlot()] != nullptr; });
  main_waits_ = false;
  return there;
}

const Batch* Delivery::Peek() const {
  std::lock_guard lock(mutex_);
  return slots_[NextSlot()];
}

Batch* Delivery::Take() {
  std::lock_guard lock(mutex_);
  Batch* batch = std::exchange(slots_[NextSlot()], nullptr);
  ++taken_;
  return batch;
}

std::string Delivery::Describe() const {
  std::lock_guard lock(mutex_);
  const int64_t ready = delivered_ - taken_;
  if (!main_waits_) return absl::StrCat("main does not wait for a batch; ", ready, " are ready");
  if (!in_order_) return absl::StrCat("main waits for any batch; ", taken_, " were received");
  return absl::StrCat("main waits for batch ", taken_, "; ", ready, " later ones are ready");
}

int64_t Delivery::ready() const {
  std::lock_guard lock(mutex_);
  return delivered_ - taken_;
}

}  // namespace stallpoint
