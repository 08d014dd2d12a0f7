// Which samples form the next batch.
//
// Map-style data is shuffled from (seed, pass). A run of N steps draws N batches from an endless sampler: passes are
// joined without a short batch. A run of epochs ends each with a short batch, or leaves it out. Main thread only.
#ifndef STALLPOINT_HARNESS_ENGINE_SAMPLER_H_
#define STALLPOINT_HARNESS_ENGINE_SAMPLER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "traces/knobs.h"

namespace stallpoint {

class Workload;

// How long a run is. Exactly one of the two is positive.
struct RunLength {
  int64_t steps = 0, epochs = 0;
};

// The samples of one batch. A stream has no indices: its workers take the next `count` of their shard.
struct BatchPlan {
  int64_t epoch = 0;
  int64_t count = 0;
  std::vector<uint64_t> indices;
  std::vector<int64_t>
      passes;  // over the data set, of each index: a batch of an endless run may end one and begin another
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  // Fills `plan`; false at the end of an epoch, after which the next call begins another one, and at the end of the
  // run.
  virtual absl::StatusOr<bool> Next(BatchPlan* plan) = 0;
  // Whether the run is over.
  virtual bool done() const = 0;
  // Batches in the whole run, 0 when unknown.
  virtual int64_t total_batches() const = 0;
};

// FailedPrecondition: a stream has no epochs; InvalidArgument: the data set has fewer samples than one whole batch, and
// short batches are dropped.
absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(Workload& workload, const Knobs& knobs, RunLength length);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_SAMPLER_H_
