#include "harness/engine/loader.h"

namespace stallpoint {

absl::StatusOr<std::unique_ptr<Loader>> MakeLoader(const BatchBuilder::Context& context, Sampler& sampler,
                                                   const Knobs& knobs) {
  if (knobs.worker_count == 0) return MakeInlineLoader(context, sampler);
  return MakeWorkerLoader(context, sampler, knobs);
}

}  // namespace stallpoint
