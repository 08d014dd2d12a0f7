// The option `period`, which the probes here share.
#ifndef STALLPOINT_PLUGINS_PROBES_PERIOD_H_
#define STALLPOINT_PLUGINS_PROBES_PERIOD_H_

#include <string>

#include "stallpoint/plugin/options.h"

namespace stallpoint::probes {

inline plugin::Option PeriodOption(const std::string& value) { return {"period", value, "from one poll to the next"}; }

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_PERIOD_H_
