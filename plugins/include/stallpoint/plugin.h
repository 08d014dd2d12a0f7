// Writing a stallpoint workload or probe in C++: subclass `Workload` or `Probe`, throw freely, end the file with
// STALLPOINT_PLUGIN(YourClass).
//
// Header-only over the C ABI in stallpoint/abi/; needs nothing but the standard library. No exception leaves the
// plugin: every callback passes one guard that turns it into a code and a message.
#ifndef STALLPOINT_PLUGIN_H_
#define STALLPOINT_PLUGIN_H_

#include "stallpoint/plugin/description.h"  // IWYU pragma: export
#include "stallpoint/plugin/error.h"        // IWYU pragma: export
#include "stallpoint/plugin/host.h"         // IWYU pragma: export
#include "stallpoint/plugin/options.h"      // IWYU pragma: export
#include "stallpoint/plugin/probe.h"        // IWYU pragma: export
#include "stallpoint/plugin/register.h"     // IWYU pragma: export
#include "stallpoint/plugin/workload.h"     // IWYU pragma: export

#endif  // STALLPOINT_PLUGIN_H_
