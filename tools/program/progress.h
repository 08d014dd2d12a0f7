// One line on stderr that says how far long work is; nothing when stderr is no terminal.
#ifndef STALLPOINT_TOOLS_PROGRAM_PROGRESS_H_
#define STALLPOINT_TOOLS_PROGRAM_PROGRESS_H_

#include <chrono>
#include <string>

#include "harness/run/live_run.h"
#include "tools/program/context.h"

namespace stallpoint {

class ProgressLine {
 public:
  explicit ProgressLine(const Context& context) : shown_(context.progress()) {}
  ~ProgressLine() { Clear(); }

  // Redraws at most ten times a second.
  void Show(const std::string& text);
  void Show(const std::string& what, const RunProgress& progress);
  void Clear();

 private:
  const bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_PROGRESS_H_
