#include "plugins/probes/storage_probe.h"
#include "stallpoint/plugin/register.h"

STALLPOINT_PLUGIN(stallpoint::probes::StorageProbe)
