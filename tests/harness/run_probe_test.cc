#include <algorithm>

#include "catch.h"
#include "harness/run/probe_thread.h"
#include "tests/harness/run_support.h"
#include "tests/harness/scratch_folder.h"
#include "traces/counter_summary.h"
#include "traces/reader.h"

namespace stallpoint {
namespace {

using Catch::Contains;

// A run of 20 steps that takes a few tenths of a second, observed.
RunRequest Observed(const std::string& trace_path, const std::string& fault = "none") {
  RunRequest request = Misbehaving({{"pause_us", "10000"}, {"misbehaving.fault", fault}}, trace_path);
  request.probes = {TestPlugin("misbehaving_probe")};
  return request;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::string LogOf(const std::string& path) {
  std::string log;
  auto reader = TraceReader::Open(path);
  REQUIRE(reader.ok());
  trace::Chunk chunk;
  TraceReader::Origin origin;
  while ((*reader)->Next(&chunk, &origin).value_or(false)) {
    for (const trace::LogLine& line : chunk.log_lines()) log += line.text() + "\n";
  }
  return log;
}

TEST_CASE("What a probe emits is in the trace under its name, and the trace says what the probe cost") {
  const ScratchFolder folder;
  RunRequest request = Observed(folder.File("a.sptrace"));
  request.options["misbehaving.period_ms"] = "20";
  CHECK(Execute(request).outcome == trace::OUTCOME_OK);
  const RunRecord run = Load(request.trace_path);
  REQUIRE(run.probes.size() == 1);
  CHECK(run.probes[0].id == "misbehaving");
  CHECK(run.probes[0].stopped.empty());
  CHECK(run.probes[0].polls > 1);
  CHECK(run.probes[0].cpu_ns > 0);
  REQUIRE(run.counters.count("misbehaving.polls") == 1);
  const auto& points = run.counters.at("misbehaving.polls");
  CHECK(points.size() == run.probes[0].polls);
  for (size_t i = 0; i < points.size(); ++i) CHECK(points[i].value == static_cast<double>(i + 1));
  for (size_t i = 1; i < points.size(); ++i) CHECK(points[i].time_ns - points[i - 1].time_ns > 15'000'000);
  CHECK(run.options.count("fault") == 0);
  CHECK(run.options.count("misbehaving.fault") == 0);
  const auto summary = SummarizeProbe(run, run.probes[0]);
  REQUIRE(summary.size() == 2);
  CHECK(summary[0].name == "polls");
  CHECK(summary[0].unit == "1");
  CHECK(summary[0].most == static_cast<double>(points.size()));
}

TEST_CASE("A probe that breaks a rule is stopped, and the run goes on and says why") {
  const auto [fault, says] = GENERATE(table<std::string, std::string>({
      {"fail_in_create", "this machine has no such sensor"},
      {"no_poll", "does not define poll()"},
      {"same_names", "has the name 'polls', as one before it"},
      {"too_many_series", "expected 0 to 1024"},
      {"fail_in_start", "there is nothing to observe here"},
      {"fail_in_third_poll", "the sensor is gone"},
      {"throw_in_poll", "poll() of the plugin threw: thrown in poll"},
      {"silent", "poll() of the plugin returned code 13 without a message"},
      {"undeclared", "emitted the series 'secret', which it did not declare"},
      {"twice", "emitted the series 'polls' twice in one poll"},
  }));
  INFO(fault);
  const ScratchFolder folder;
  const RunRequest request = Observed(folder.File("a.sptrace"), fault);
  const RunOutcome outcome = Execute(request);
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  CHECK_THAT(Joined(outcome.warnings), Contains("probe misbehaving: stopped: ") && Contains(says));
  const RunRecord run = Load(request.trace_path);
  CHECK(run.iterations.size() == 20);
  REQUIRE(run.probes.size() == 1);
  CHECK_THAT(run.probes[0].stopped, Contains(says));
  CHECK_THAT(LogOf(request.trace_path), Contains("probe misbehaving: stopped: ") && Contains(says));
  CHECK(run.counters.count("misbehaving.secret") == 0);
}

TEST_CASE("A probe that never comes back is left behind when the run ends") {
  const std::string where = GENERATE("start", "poll");
  const ScratchFolder folder;
  const RunRequest request = Observed(folder.File("a.sptrace"), "hang_in_" + where);
  const RunOutcome outcome = Execute(request);
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  CHECK_THAT(Joined(outcome.warnings), Contains("left behind: it did not return from " + where + "() for "));
  const RunRecord run = Load(request.trace_path);
  CHECK(run.closed);
  CHECK_THAT(run.probes.at(0).stopped, Contains("did not return from " + where));
}

TEST_CASE("A probe that does not exist, or an option that it does not have, is refused before the run") {
  const ScratchFolder folder;
  RunRequest request = Observed(folder.File("a.sptrace"));
  request.probes = {TestPlugin("misbehaving")};
  CHECK_THAT(std::string(RefusalOf(request).message()), Contains("found 0 probes"));
  request.probes = {"no_such_probe"};
  CHECK_THAT(std::string(RefusalOf(request).message()), Contains("no probe 'no_such_probe'"));
  request = Observed(folder.File("a.sptrace"));
  request.options["misbehaving.falt"] = "1";
  CHECK_THAT(std::string(RefusalOf(request).message()),
             Contains("--set misbehaving.falt=1") && Contains("did you mean 'misbehaving.fault'?"));
  request = Observed(folder.File("a.sptrace"));
  request.probes.push_back(request.probes.front());
  CHECK_THAT(std::string(RefusalOf(request).message()), Contains("named twice"));
}

TEST_CASE("A run that is not recorded is not observed") {
  const RunOutcome outcome = Execute(Observed("", "crash_in_poll"));
  CHECK(outcome.outcome == trace::OUTCOME_OK);
}

TEST_CASE("A probe is given the run's data folder when it lists data_dir and has none of the user's") {
  const ScratchFolder folder;
  RunRequest request = Observed(folder.File("a.sptrace"));
  request.data_dir = folder.path().string();
  Execute(request);
  auto reader = TraceReader::Open(request.trace_path);
  REQUIRE(reader.ok());
  trace::Chunk chunk;
  TraceReader::Origin origin;
  REQUIRE((*reader)->Next(&chunk, &origin).value_or(false));
  CHECK(chunk.segment_start().run().probes(0).options().at("data_dir") == request.data_dir);
}

TEST_CASE("Polls come no more often than the probe says, than a hundred times a second, than 1 % of a core allows") {
  CHECK(PollIntervalNs(0, 0) == 10'000'000);
  CHECK(PollIntervalNs(250'000'000, 1'000'000) == 250'000'000);
  CHECK(PollIntervalNs(250'000'000, 10'000'000) == 1'000'000'000);
  CHECK(PollIntervalNs(0, UINT64_MAX) > 0);
}

}  // namespace
}  // namespace stallpoint
