// What every verb shares: the flags that read the same everywhere, where output goes, and the flag Ctrl-C raises.
#ifndef STALLPOINT_TOOLS_PROGRAM_CONTEXT_H_
#define STALLPOINT_TOOLS_PROGRAM_CONTEXT_H_

#include <atomic>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace stallpoint {

// Codes of the program, kept for scripts.
enum ExitCode {
  kExitOk = 0,
  kExitGateFailed = 1,
  kExitUsage = 2,
  kExitBadTrace = 3,
  kExitPlugin = 4,
  kExitWorkload = 5,
  kExitLoss = 6,
  kExitIo = 7,
  kExitInterrupted = 130,
};

struct Context {
  bool json = false;
  bool quiet = false;
  bool force = false;
  std::string color = "auto";
  std::string threshold_text = "5%";
  double threshold = 0.05;  // parsed from the text before any verb runs

  bool progress() const;       // stderr is a terminal and the user did not ask for quiet
  bool colored(int fd) const;  // --color, NO_COLOR, terminal

  // Raised by the first Ctrl-C; the second ends the program at once.
  static std::atomic<bool>& interrupted();
};

// Adds the flags above to a verb, so that they may stand before or behind its own.
void AddCommonFlags(CLI::App& verb, Context& context);

// "error: ..." on stderr; returns `code`.
int Fail(const absl::Status& status, int code);
// The code for an error of reading a trace: 3 for what is not one, 7 for a file that cannot be read.
int TraceExitCode(const absl::Status& status);

void PrintJson(const nlohmann::ordered_json& json);
// schema_version and stallpoint_version, which every JSON object begins with.
nlohmann::ordered_json JsonHead();

// "5%" or "0.05".
bool ParseShare(const std::string& text, double* share);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_CONTEXT_H_
