// `--fail-if EXPR`: conditions under which a verb exits with 1, so that a script or CI can hold a run to them.
#ifndef STALLPOINT_TOOLS_PROGRAM_GATE_H_
#define STALLPOINT_TOOLS_PROGRAM_GATE_H_

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "traces/run_summary.h"

namespace stallpoint {

class Gate {
 public:
  // "stall>5%", "step>=20ms", "throughput<100", several joined by ','. Empty: nothing fails. InvalidArgument names the
  // part and what is known.
  static absl::StatusOr<Gate> Parse(const std::string& text);

  // What holds of the run, one sentence each; a figure that is not known fails too.
  std::vector<std::string> Failing(const RunSummary& summary) const;

  // Says on stderr what failed. The verb's exit code: kExitGateFailed or `otherwise`.
  int ExitCode(const RunSummary& summary, int otherwise) const;

  enum class Metric { kStall, kStepMs, kThroughput };

 private:
  struct Condition {
    std::string text;
    Metric metric;
    bool above, or_equal;  // fails when above (below) the bound, or equal to it
    double bound;
  };
  std::vector<Condition> conditions_;
};

// Adds --fail-if to a verb; the text is parsed by the verb.
std::shared_ptr<std::string> AddFailIf(CLI::App& verb);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_GATE_H_
