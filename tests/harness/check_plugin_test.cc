#include <algorithm>
#include <cstdlib>
#include <optional>

#include "catch.h"
#include "harness/check/plugin_check.h"
#include "harness/check/plugin_listing.h"
#include "tests/harness/scratch_folder.h"

namespace stallpoint {
namespace {

using Catch::Contains;

const std::string kTestPlugins = STALLPOINT_BINARY_DIR "/tests/plugins/";

std::vector<CheckReport> CheckAll(const CheckTarget& target, int64_t timeout_ns = 60'000'000'000) {
  const std::atomic<bool> cancel{false};
  const auto reports = CheckPlugin(target, timeout_ns, nullptr, cancel);
  REQUIRE(reports.ok());
  return *reports;
}

CheckReport ReportOf(const std::vector<CheckReport>& reports, const std::string& check) {
  const auto found = std::find_if(reports.begin(), reports.end(), [&](const auto& r) { return r.check == check; });
  REQUIRE(found != reports.end());
  return *found;
}

// A variable of the processes that are started meanwhile.
class WithVariable {
 public:
  WithVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name); before != nullptr) before_ = before;
    setenv(name, value, 1);
  }
  ~WithVariable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  WithVariable(const WithVariable&) = delete;
  WithVariable& operator=(const WithVariable&) = delete;

 private:
  const char* const name_;
  std::optional<std::string> before_;
};

// What the check says of the plugin with this fault.
CheckReport WithFault(const std::string& fault, const std::string& check) {
  return ReportOf(CheckAll({kTestPlugins + "misbehaving.so", {{"fault", fault}}, "", check}), check);
}

// What the check says of the workload that steps on CUDA, whose driver the dynamic linker finds.
CheckReport StepsOnCuda(std::map<std::string, std::string> options, int64_t timeout_ns = 60'000'000'000) {
  const std::string check = "step-does-not-sync";
  return ReportOf(CheckAll({kTestPlugins + "cuda/steps_on_cuda.so", std::move(options), "", check}, timeout_ns), check);
}

TEST_CASE("A plugin that keeps the rules passes every check that can be tried") {
  const auto [file, last] = GENERATE(table<std::string, std::string>(
      {{"misbehaving.so", "runs-on-cpu"}, {"misbehaving_probe.so", "poll-within-declared-cost"}}));
  const auto reports = CheckAll({kTestPlugins + file, {}, "", ""});
  CHECK(reports.back().check == last);
  for (const CheckReport& report : reports) {
    INFO(report.check << ": " << report.sentence);
    CHECK(Name(report.verdict) == std::string(report.check == "step-does-not-sync" ? "skip" : "pass"));
    CHECK_FALSE(report.sentence.empty());
  }
}

TEST_CASE("A probe that breaks a rule fails the check of that rule") {
  const auto [fault, check, verdict, says] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"any_id", "unknown-id-fails", "fail", "made a probe"},
      {"no_message", "error-has-message", "fail", "no message"},
      {"overruns", "older-host-struct", "fail", "create_probe wrote behind"},
      {"throw_in_poll", "exception-stays-inside", "fail", "poll() let an exception out: thrown in poll"},
      {"no_poll", "exception-stays-inside", "fail", "does not define poll()"},
      {"fail_in_create", "stop-twice", "skip", "does not start here: this machine has no such sensor"},
      {"fail_in_start", "series-match-emissions", "skip", "there is nothing to observe here"},
      {"crash_in_second_stop", "stop-twice", "crash", "SIGABRT"},
      {"starts_once", "start-stop-start-repeatable", "fail", "start() after stop() fails: started already"},
      {"fail_in_third_poll", "start-stop-start-repeatable", "fail", "the sensor is gone"},
      {"undeclared", "series-match-emissions", "fail", "'secret', which it did not declare"},
      {"never_emits_starts", "series-match-emissions", "warn", "not emitted in 8 polls: starts"},
      {"spins", "poll-within-declared-cost", "fail", "of CPU time"},
      {"none", "batch-of-one", "skip", "a check of workloads alone"},
  }));
  INFO(fault);
  const auto reports = CheckAll({kTestPlugins + "misbehaving_probe.so", {{"fault", fault}}, "", check});
  const CheckReport report = ReportOf(reports, check);
  INFO(report.sentence);
  CHECK(Name(report.verdict) == verdict);
  CHECK_THAT(report.sentence, Contains(says));
}

#if defined(__x86_64__)
TEST_CASE("A plugin that was built against an earlier header of this ABI still keeps every rule") {
  const std::string file = GENERATE("abi_1_0_x86_64.so");
  for (const CheckReport& report : CheckAll({STALLPOINT_SOURCE_DIR "/tests/harness/kept/" + file, {}, "", ""})) {
    INFO(report.check << ": " << report.sentence);
    CHECK(report.verdict == (report.check == "step-does-not-sync" ? Verdict::kSkip : Verdict::kPass));
  }
}
#endif

TEST_CASE("A step that returns while the device is busy passes, one that waits for it fails with what to do instead") {
  const WithVariable driver("LD_LIBRARY_PATH", STALLPOINT_FAKE_CUDA_DIR);
  const CheckReport issues = StepsOnCuda({});
  CHECK(issues.sentence == "step() returns while the device is still busy");
  CHECK(issues.verdict == Verdict::kPass);
  const CheckReport waits = StepsOnCuda({{"waits", "1"}});
  CHECK_THAT(waits.sentence, Contains("step() waited for the device") && Contains("expected it to return") &&
                                 Contains("device_loss") && Contains(".item()"));
  CHECK(waits.verdict == Verdict::kFail);
}

TEST_CASE("Whether a step waits is not tried without a CUDA device, nor where a workload does not step on one") {
  const WithVariable driver("LD_LIBRARY_PATH", STALLPOINT_FAKE_CUDA_DIR);
  SECTION("it steps on the host") {
    const CheckReport report = WithFault("none", "step-does-not-sync");
    CHECK(report.verdict == Verdict::kSkip);
    CHECK_THAT(report.sentence, Contains("it steps on the host alone"));
  }
  SECTION("the driver has no device") {
    const WithVariable devices("FAKE_CUDA_DEVICES", "0");
    const CheckReport report = StepsOnCuda({{"waits", "1"}});
    CHECK(report.verdict == Verdict::kSkip);
    CHECK_THAT(report.sentence, Contains("only a CUDA device shows") && Contains("a driver library without a device"));
  }
  SECTION("there is no driver, or none that may use a device") {
    const WithVariable none("LD_LIBRARY_PATH", ""), hidden("CUDA_VISIBLE_DEVICES", "");
    const CheckReport report = StepsOnCuda({{"waits", "1"}});
    CHECK(report.verdict == Verdict::kSkip);
    CHECK_THAT(report.sentence, Contains("found no NVIDIA driver") || Contains("found a driver library"));
  }
}

TEST_CASE("A rule that is broken fails its own check, in a sentence that says what to do") {
  const auto [fault, check, verdict, says] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"any_id", "unknown-id-fails", "fail", "made a workload"},
      {"silent", "error-has-message", "fail", "no message"},
      {"overruns", "older-host-struct", "fail", "wrote behind"},
      {"any_index", "out-of-range-sample-fails", "fail", "of 64 samples succeeds"},
      {"counts_calls", "same-checksum-1-vs-8-workers", "fail", "key random draws by seed"},
      {"remembers", "begin-end-begin-repeatable", "warn", "begin() does not start from the same state"},
      {"deaf", "cancel-within-1s", "fail", "check_cancelled"},
      {"misnames_memory", "oom-is-reported", "fail", "expected SP_RESOURCE_EXHAUSTED"},
      {"fail_in_open", "batch-of-one", "skip", "there is no data here"},
      {"fail_in_open", "runs-on-cpu", "fail", "there is no data here"},
      {"bad_dtype", "batch-of-one", "fail", "dtype 99"},
      {"exit_in_create", "unknown-id-fails", "crash", "called exit(3)"},
  }));
  const CheckReport report = WithFault(fault, check);
  INFO(fault);
  CHECK(Name(report.verdict) == verdict);
  CHECK_THAT(report.sentence, Contains(says));
}

TEST_CASE("A crash and a hang fail the check they happen in, and the others go on") {
  const auto crashed = CheckAll({kTestPlugins + "misbehaving.so", {{"fault", "segfault"}, {"at", "1"}}, "", ""});
  CHECK_THAT(ReportOf(crashed, "batch-of-one").sentence, Contains("SIGSEGV") && Contains("step (misbehaving.so)"));
  CHECK(ReportOf(crashed, "batch-of-one").verdict == Verdict::kCrash);
  CHECK(ReportOf(crashed, "oom-is-reported").verdict == Verdict::kPass);

  const auto hung = CheckAll({kTestPlugins + "misbehaving.so", {{"fault", "hang"}, {"at", "1"}}, "", ""}, 500'000'000);
  CHECK(ReportOf(hung, "batch-of-one").sentence == "did not end within 500ms");
  CHECK(ReportOf(hung, "unknown-id-fails").verdict == Verdict::kPass);
}

TEST_CASE("An exception that crosses the boundary names the function it came from") {
  const auto reports = CheckAll({kTestPlugins + "throws.so", {{"in", "open"}}, "", ""});
  const CheckReport report = ReportOf(reports, "exception-stays-inside");
  CHECK(report.verdict == Verdict::kFail);
  CHECK_THAT(report.sentence, Contains("open() let an exception out: thrown in open"));
}

TEST_CASE("A file that cannot be loaded fails the first check and is asked nothing else") {
  const auto reports = CheckAll({kTestPlugins + "other_abi.so", {}, "", ""});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].verdict == Verdict::kFail);
  CHECK_THAT(reports[0].sentence, Contains("found plugin ABI 7.0, expected 1.x"));
}

TEST_CASE("A check that does not exist is answered with those that do") {
  const std::atomic<bool> cancel{false};
  const auto reports =
      CheckPlugin({kTestPlugins + "misbehaving.so", {}, "", "batch-of-on"}, 1'000'000'000, nullptr, cancel);
  CHECK_THAT(std::string(reports.status().message()), Contains("did you mean batch-of-one?"));
}

TEST_CASE("A listing names the files that cannot be used, also one that ends the process when it is loaded") {
  const ScratchFolder folder;
  const std::filesystem::path path(folder.File(""));
  for (const std::filesystem::path name : {"misbehaving.so", "other_abi.so", "deadly/dies_when_loaded.so"}) {
    std::filesystem::copy(kTestPlugins + name.string(), path / name.filename());
  }
  setenv("STALLPOINT_PLUGIN_PATH", path.parent_path().c_str(), 1);
  const std::atomic<bool> cancel{false};
  const auto listing = ListPlugins(cancel);
  unsetenv("STALLPOINT_PLUGIN_PATH");
  REQUIRE(listing.ok());
  REQUIRE(listing->files.size() >= 3);
  const auto description = [&](size_t i) { return listing->files[i].description; };
  CHECK_THAT(description(0).refused(), Contains("dies_when_loaded.so") && Contains("SIGABRT"));
  REQUIRE(description(1).plugins_size() == 1);
  CHECK(description(1).plugins(0).id() == "misbehaving");
  CHECK(description(1).plugins(0).options(0).key() == "fault");
  CHECK_THAT(description(2).refused(), Contains("ABI 7.0"));
}

}  // namespace
}  // namespace stallpoint
