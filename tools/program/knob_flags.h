// The KNOBS flags of `record` and `replay`.
#ifndef STALLPOINT_TOOLS_PROGRAM_KNOB_FLAGS_H_
#define STALLPOINT_TOOLS_PROGRAM_KNOB_FLAGS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "traces/knobs.h"

namespace stallpoint {

// What the user gave; what was not given is taken from a base setting (the defaults, or a trace).
class KnobFlags {
 public:
  void AddTo(CLI::App& verb);
  // Without those that RangeFlags has.
  void AddOthersTo(CLI::App& verb);
  // `base` with the given flags in place of its values, validated. InvalidArgument names the flag.
  absl::StatusOr<Knobs> Apply(Knobs base) const;

 private:
  std::optional<int64_t> batch_;
  std::optional<int32_t> workers_, prefetch_, intra_op_, steps_in_flight_, accumulation_;
  std::optional<bool> pin_, in_order_, persistent_, drop_last_;
  std::optional<std::string> cpus_, device_, host_memory_, device_memory_;
  std::optional<uint64_t> seed_;
};

// `--set KEY=VALUE`, repeated. InvalidArgument names the text that has no '='.
absl::StatusOr<std::map<std::string, std::string>> ParseSetOptions(const std::vector<std::string>& texts);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_KNOB_FLAGS_H_
