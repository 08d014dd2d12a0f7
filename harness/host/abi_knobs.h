// The settings of a run as a plugin sees them.
#ifndef STALLPOINT_HARNESS_HOST_ABI_KNOBS_H_
#define STALLPOINT_HARNESS_HOST_ABI_KNOBS_H_

#include "stallpoint/abi/base.h"
#include "traces/device_spec.h"
#include "traces/knobs.h"

namespace stallpoint {

sp_knobs ToAbi(const Knobs& knobs, const DeviceSpec& device);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_ABI_KNOBS_H_
