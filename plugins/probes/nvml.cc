#include "plugins/probes/nvml_probe.h"
#include "stallpoint/plugin/register.h"

STALLPOINT_PLUGIN(stallpoint::probes::NvmlProbe)
