#include "plugins/probes/cpu_probe.h"
#include "stallpoint/plugin/register.h"

STALLPOINT_PLUGIN(stallpoint::probes::CpuProbe)
