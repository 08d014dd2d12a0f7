// The batches of a loader: made when first needed, then used again. Main thread only.
#ifndef STALLPOINT_HARNESS_ENGINE_BATCH_STORE_H_
#define STALLPOINT_HARNESS_ENGINE_BATCH_STORE_H_

#include <memory>
#include <utility>
#include <vector>

#include "harness/engine/batch.h"

namespace stallpoint {

class BatchStore {
 public:
  explicit BatchStore(MemoryPool& memory) : memory_(memory) {}
  ~BatchStore() {
    for (const auto& batch : all_) ReleaseMemory(*batch);
  }

  Batch* Take() {
    if (idle_.empty()) {
      all_.push_back(std::make_unique<Batch>());
      return all_.back().get();
    }
    Batch* batch = idle_.back();
    idle_.pop_back();
    return batch;
  }

  void GiveBack(Batch* batch) {
    ReleaseMemory(*batch);
    idle_.push_back(batch);
  }

 private:
  void ReleaseMemory(Batch& batch) { memory_.Release(std::exchange(batch.memory, {})); }

  MemoryPool& memory_;
  std::vector<std::unique_ptr<Batch>> all_;
  std::vector<Batch*> idle_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_BATCH_STORE_H_
