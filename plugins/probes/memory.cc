#include "plugins/probes/memory_probe.h"
#include "stallpoint/plugin/register.h"

STALLPOINT_PLUGIN(stallpoint::probes::MemoryProbe)
