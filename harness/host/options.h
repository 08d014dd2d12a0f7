// The `--set KEY=VALUE` options of a run: what the plugin lists and what the harness itself understands.
#ifndef STALLPOINT_HARNESS_HOST_OPTIONS_H_
#define STALLPOINT_HARNESS_HOST_OPTIONS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stallpoint/abi/entry.h"

namespace stallpoint {

// What the engine itself does with options.
struct EngineOptions {
  bool skip_bad_samples = false;  // on_bad_sample=skip|fail
  bool sync_each_step = false;    // main waits for the device after issuing each step
};

// InvalidArgument for a key that neither names, with the nearest one that exists.
absl::Status CheckOptions(const std::map<std::string, std::string>& options, const sp_descriptor& descriptor);
// The same for a probe, whose options the harness adds nothing to. `prefix` is what the user writes before each key.
absl::Status CheckProbeOptions(const std::map<std::string, std::string>& options, const sp_descriptor& descriptor,
                               const std::string& prefix);

// InvalidArgument names the value found and the legal ones.
absl::StatusOr<EngineOptions> ParseEngineOptions(const std::map<std::string, std::string>& options);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_OPTIONS_H_
