// A trace and what is fitted to it, for measurements: what cannot be read or fitted ends the program with the message.
#ifndef STALLPOINT_TOOLS_BENCH_TRACE_OR_EXIT_H_
#define STALLPOINT_TOOLS_BENCH_TRACE_OR_EXIT_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fmt/core.h"
#include "replay/predict/predictor.h"
#include "traces/run_record.h"

namespace stallpoint {

[[noreturn]] inline void ExitWith(const std::string& message) {
  fmt::print(stderr, "error: {}\n", message);
  std::exit(3);
}

// With one run at least.
inline TraceContents LoadOrExit(const std::string& path) {
  absl::StatusOr<TraceContents> contents = LoadTrace(path);
  if (!contents.ok()) ExitWith(std::string(contents.status().message()));
  if (contents->runs.empty()) ExitWith(path + ": it holds no run");
  return *std::move(contents);
}

// `path`: where the runs are from.
inline std::unique_ptr<Predictor> FitOrExit(const std::string& path, const std::vector<RunRecord>& runs) {
  auto predictor = Predictor::Fit(runs, {});
  if (!predictor.ok()) ExitWith(path + ": " + std::string(predictor.status().message()));
  return *std::move(predictor);
}

inline std::unique_ptr<Predictor> FitOrExit(const std::string& path) { return FitOrExit(path, LoadOrExit(path).runs); }

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_BENCH_TRACE_OR_EXIT_H_
