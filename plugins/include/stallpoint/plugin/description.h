// Who a workload or probe is, and which options it takes: what its class returns from `describe()`.
#ifndef STALLPOINT_PLUGIN_DESCRIPTION_H_
#define STALLPOINT_PLUGIN_DESCRIPTION_H_

#include <string>

#include "stallpoint/plugin/options.h"

namespace stallpoint::plugin {

struct Description {
  std::string id;  // [a-z][a-z0-9_]*
  std::string summary;
  std::string version;
  OptionList options;
  std::string build_fingerprint;  // frameworks, "torch=2.15.0;cxx11abi=1"; empty: none
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_DESCRIPTION_H_
