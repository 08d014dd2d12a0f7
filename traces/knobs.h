// The settings of one run as plain values, and the one place that knows their JSON names.
//
// Values are what was asked for or chosen by default; `Validate` says whether a run can be made of them. Conversions
// are pure and may be called from any thread.
#ifndef STALLPOINT_TRACES_KNOBS_H_
#define STALLPOINT_TRACES_KNOBS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "nlohmann/json_fwd.hpp"

namespace stallpoint {

namespace trace {
class Knobs;
}

struct Knobs {
  int64_t batch_size = 32;
  int32_t worker_count = 0;  // 0: loaded inline on the main thread
  int32_t prefetch_depth = 2;
  bool pin_host_memory = false;
  int32_t intra_op_threads = 0;   // 0: not chosen yet; the harness makes it max(1, cores - 1)
  std::string cpus;               // empty: inherited
  uint64_t host_limit_bytes = 0;  // 0: unlimited
  uint64_t device_limit_bytes = 0;
  int32_t steps_in_flight = 2;
  bool in_order = true;
  bool persistent_workers = true;
  bool drop_last = false;
  int32_t accumulation = 1;
  uint64_t seed = 0;
  std::string device = "cpu";

  bool operator==(const Knobs&) const = default;
};

// InvalidArgument that names the flag, the value found and the legal range.
absl::Status Validate(const Knobs& knobs);

trace::Knobs ToProto(const Knobs& knobs);
Knobs FromProto(const trace::Knobs& proto);

// All keys of cli.md's `knobs`; limits that are unlimited and an empty CPU list are null.
nlohmann::ordered_json ToJson(const Knobs& knobs);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_KNOBS_H_
