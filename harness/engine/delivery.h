// Finished batches on their way from the workers to main.
//
// Many workers deliver, main takes. In order, main is woken only by the batch it waits for.
#ifndef STALLPOINT_HARNESS_ENGINE_DELIVERY_H_
#define STALLPOINT_HARNESS_ENGINE_DELIVERY_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "harness/engine/batch.h"
#include "harness/engine/keep_waiting.h"

namespace stallpoint {

class Delivery {
 public:
  // At most `capacity` batches are outstanding at any time; in order, they are `capacity` consecutive ones.
  Delivery(size_t capacity, bool in_order);

  // [worker]
  void Deliver(Batch* batch);
  // [main] Waits until the next batch is there; false when `keep_waiting` ended the wait.
  bool Wait(const KeepWaiting& keep_waiting);
  // [main] The batch that Wait waited for. REQUIRES: Wait returned true.
  const Batch* Peek() const;
  Batch* Take();
  // [main]
  int64_t ready() const;
  // [any] "main waits for batch 17; 3 later ones are ready".
  std::string Describe() const;

 private:
  // In order, batch i has the slot i mod capacity; otherwise slots are a queue.
  size_t NextSlot() const { return static_cast<size_t>(taken_) % slots_.size(); }

  const bool in_order_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Batch*> slots_;
  int64_t taken_ = 0, delivered_ = 0;
  bool main_waits_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_DELIVERY_H_
