#include "harness/host/abi_knobs.h"

namespace stallpoint {

sp_knobs ToAbi(const Knobs& knobs, const DeviceSpec& device) {
  return {.struct_size = sizeof(sp_knobs),
          .worker_count = knobs.worker_count,
          .batch_size = knobs.batch_size,
          .prefetch_depth = knobs.prefetch_depth,
          .intra_op_threads = knobs.intra_op_threads,
          .host_limit_bytes = knobs.host_limit_bytes,
          .device_limit_bytes = knobs.device_limit_bytes,
          .steps_in_flight = knobs.steps_in_flight,
          .accumulation = knobs.accumulation,
          .seed = knobs.seed,
          .pin_host_memory = knobs.pin_host_memory,
          .in_order = knobs.in_order,
          .drop_last = knobs.drop_last,
          .emulated = device.kind == DeviceSpec::Kind::kEmulated,
          .device = "cpu",
          .stream = nullptr};
}

}  // namespace stallpoint
