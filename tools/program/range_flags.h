// The KNOB-RANGES flags of `sweep` and `replay`.
#ifndef STALLPOINT_TOOLS_PROGRAM_RANGE_FLAGS_H_
#define STALLPOINT_TOOLS_PROGRAM_RANGE_FLAGS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "replay/search/sweep.h"

namespace stallpoint {

class RangeFlags {
 public:
  void AddTo(CLI::App& verb);
  // Empty axes for what was not given. InvalidArgument names the flag.
  absl::StatusOr<SweepRanges> Parse() const;

 private:
  std::string batch_, workers_, prefetch_, steps_in_flight_, host_memory_, device_memory_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_RANGE_FLAGS_H_
