// A workload opened and begun in this process, whose batches a check builds and trains one by one.
#ifndef STALLPOINT_HARNESS_CHECK_WORKLOAD_AT_WORK_H_
#define STALLPOINT_HARNESS_CHECK_WORKLOAD_AT_WORK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/check/plugin_check.h"
#include "harness/engine/batch.h"
#include "harness/engine/batch_builder.h"
#include "harness/engine/device.h"
#include "harness/engine/stages.h"
#include "harness/host/host_services.h"
#include "harness/host/workload.h"
#include "traces/knobs.h"

namespace stallpoint {

class WorkloadAtWork {
 public:
  // Finds, checks, creates and opens the workload of the target. `host_limit_bytes` 0: unlimited.
  static absl::StatusOr<std::unique_ptr<WorkloadAtWork>> Open(const CheckTarget& target, uint64_t host_limit_bytes = 0);
  ~WorkloadAtWork();

  Workload& workload() { return *workload_; }
  MemoryPool& memory() { return memory_; }
  absl::Status Begin(int32_t workers, int64_t batch_size);
  absl::Status Begin(const sp_knobs& knobs);

  struct Built {
    uint32_t checksum = 0;  // of the tensors' bytes and shapes
    std::optional<double> loss;
  };
  // Builds the batch of these samples as worker `worker`; a stream's next `indices.size()`. With `train`, also its
  // step. Several workers may build at a time, one of them may train.
  absl::StatusOr<Built> Build(int32_t worker, const std::vector<uint64_t>& indices, bool train);

  // The batch alone, for a device of DeviceContext; its memory then goes back to memory(). Nothing to give back where
  // it fails.
  absl::Status Load(int32_t worker, const std::vector<uint64_t>& indices, Batch* batch);
  Device::Context DeviceContext(const Knobs& knobs) { return {*workload_, host_, stages_, knobs}; }

 private:
  WorkloadAtWork(const CheckTarget& target, uint64_t host_limit_bytes);

  const CheckTarget target_;
  std::atomic<bool> cancelled_{false};
  MemoryPool memory_;
  HostServices host_;
  const Stages stages_;
  std::unique_ptr<Workload> workload_;
  std::vector<std::unique_ptr<BatchBuilder>> builders_;  // one per worker
  std::atomic<int64_t> batches_{0};
};

// The settings of a check's run, and the same for a workload on the cpu.
Knobs CheckSettings(int32_t workers, int64_t batch_size);
sp_knobs CheckKnobs(int32_t workers, int64_t batch_size);

// `count` indices of the data set from `first`, beginning again at its end. For a stream only their number counts.
std::vector<uint64_t> Indices(const Workload& workload, uint64_t first, int64_t count);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_WORKLOAD_AT_WORK_H_
