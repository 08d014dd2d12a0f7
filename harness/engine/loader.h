// Brings batches to the main thread, with the semantics of PyTorch's DataLoader.
//
// With W workers W*P batches are requested at the start of an epoch, in turn from each worker. Receiving a batch
// returns one credit: the next batch is requested, so that never more than W*P are outstanding. Batches arrive in the
// order of the sampler, or as they are finished. At the end of an epoch what is outstanding is drained and the next
// epoch requests W*P anew; workers are kept, or replaced. Without workers main loads each batch itself while it waits.
//
// Main thread only. The order of samples does not depend on the number of workers.
#ifndef STALLPOINT_HARNESS_ENGINE_LOADER_H_
#define STALLPOINT_HARNESS_ENGINE_LOADER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "harness/engine/batch.h"
#include "harness/engine/batch_builder.h"
#include "harness/engine/keep_waiting.h"
#include "harness/engine/sampler.h"
#include "traces/knobs.h"

namespace stallpoint {

class Loader {
 public:
  virtual ~Loader() = default;

  // Waits until a batch can be received; false at the end of the run. Cancelled when `keep_waiting` said so; errors of
  // the sampler. What went wrong in loading is in the batch.
  virtual absl::StatusOr<bool> Wait(const KeepWaiting& keep_waiting) = 0;
  // The index of the batch that Wait announced.
  virtual int64_t next_index() const = 0;
  // Takes the batch that Wait announced and requests another one. The caller recycles it.
  virtual absl::StatusOr<Batch*> Receive() = 0;
  // Gives a batch back whose step has ended.
  virtual void Recycle(Batch* batch) = 0;

  // Batches that are finished and not yet received.
  virtual int64_t ready() const = 0;

  // [any] The state of the queue, for the report of a run that hangs.
  virtual std::string Describe() const = 0;
};

// ResourceExhausted: the system gives no more threads.
absl::StatusOr<std::unique_ptr<Loader>> MakeLoader(const BatchBuilder::Context& context, Sampler& sampler,
                                                   const Knobs& knobs);

std::unique_ptr<Loader> MakeInlineLoader(const BatchBuilder::Context& context, Sampler& sampler);
absl::StatusOr<std::unique_ptr<Loader>> MakeWorkerLoader(const BatchBuilder::Context& context, Sampler& sampler,
                                                         const Knobs& knobs);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_LOADER_H_
