// Loads the samples of a batch and collates them: the work of one worker, or of main when there are no workers.
//
// One per worker; `Build` is called by that worker's thread. Records `load`, `collate` and what the plugin records.
#ifndef STALLPOINT_HARNESS_ENGINE_BATCH_BUILDER_H_
#define STALLPOINT_HARNESS_ENGINE_BATCH_BUILDER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "harness/engine/arena.h"
#include "harness/engine/batch.h"
#include "harness/engine/stages.h"

namespace stallpoint {

class HostServices;
class Workload;

class BatchBuilder {
 public:
  struct Context {
    Workload& workload;
    HostServices& host;
    MemoryPool& memory;
    const Stages& stages;
    bool skip_bad_samples = false;
    int32_t worker_count = 0;
  };

  BatchBuilder(const Context& context, int32_t worker);

  // Fills `batch` from its plan; what went wrong is in `batch.status`.
  void Build(Batch& batch);

 private:
  absl::Status Load(Batch& batch);
  absl::Status LoadSample(const Batch& batch, int64_t position, sp_sample* sample);
  absl::Status Collate(Batch& batch);

  const Context context_;
  const int32_t worker_;
  Arena arena_;
  std::vector<sp_sample> samples_;
  uint64_t stream_ordinal_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_BATCH_BUILDER_H_
