// What the tests of runs share: requests for the test plugins, and their traces read back.
#ifndef STALLPOINT_TESTS_HARNESS_RUN_SUPPORT_H_
#define STALLPOINT_TESTS_HARNESS_RUN_SUPPORT_H_

#include <atomic>
#include <map>
#include <string>
#include <utility>

#include "catch.h"
#include "harness/run/live_run.h"
#include "traces/run_record.h"

namespace stallpoint {

inline std::string TestPlugin(const std::string& name) {
  return STALLPOINT_BINARY_DIR "/tests/plugins/" + name + ".so";
}

// 20 steps of 4 samples of the workload that goes wrong as told.
inline RunRequest Misbehaving(std::map<std::string, std::string> options, const std::string& trace_path = "") {
  RunRequest request;
  request.plugin = TestPlugin("misbehaving");
  request.options = std::move(options);
  request.knobs.batch_size = 4;
  request.knobs.worker_count = 2;
  request.steps = 20;
  request.trace_path = trace_path;
  return request;
}

inline RunOutcome Execute(const RunRequest& request) {
  const std::atomic<bool> never{false};
  const auto outcome = ExecuteRun(request, nullptr, never);
  INFO(outcome.status());
  REQUIRE(outcome.ok());
  return *outcome;
}

inline absl::Status RefusalOf(const RunRequest& request) {
  const std::atomic<bool> never{false};
  const auto outcome = ExecuteRun(request, nullptr, never);
  REQUIRE_FALSE(outcome.ok());
  return outcome.status();
}

inline RunRecord Load(const std::string& path) {
  const auto contents = LoadTrace(path);
  INFO(contents.status());
  REQUIRE(contents.ok());
  return contents->main_run();
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_HARNESS_RUN_SUPPORT_H_
