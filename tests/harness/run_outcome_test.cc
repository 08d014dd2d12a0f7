#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "catch.h"
#include "harness/record/host_identity.h"
#include "harness/record/read_text.h"
#include "harness/run/memory_group.h"
#include "harness/run/run_exit.h"
#include "tests/harness/run_support.h"
#include "tests/harness/scratch_folder.h"
#include "traces/growth.h"

namespace stallpoint {
namespace {

using Catch::Contains;

TEST_CASE("A run that comes to its end is ok and its trace is closed") {
  const ScratchFolder folder;
  const RunOutcome outcome = Execute(Misbehaving({}, folder.File("a.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  CHECK(outcome.exit_code == run_exit::kOk);
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK(run.closed);
  CHECK(run.outcome == "ok");
  CHECK(run.iterations.size() == 20);
  CHECK(run.emitted == run.recorded + run.dropped);
}

TEST_CASE("The same run without a trace, and in this process, comes to the same end") {
  CHECK(Execute(Misbehaving({})).outcome == trace::OUTCOME_OK);
  const ScratchFolder folder;
  RunRequest here = Misbehaving({}, folder.File("a.sptrace"));
  here.in_process = true;
  CHECK(Execute(here).outcome == trace::OUTCOME_OK);
  CHECK(Load(folder.File("a.sptrace")).closed);
}

TEST_CASE("A workload that crashes has an outcome that names the signal, and the trace keeps what came before") {
  const ScratchFolder folder;
  const auto [fault, signal] =
      GENERATE(table<std::string, std::string>({{"segfault", "SIGSEGV"}, {"abort", "SIGABRT"}}));
  const RunOutcome outcome = Execute(Misbehaving({{"fault", fault}}, folder.File("a.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_CRASHED);
  CHECK(outcome.exit_code == run_exit::kWorkload);
  CHECK_THAT(outcome.message, Contains(signal));
  REQUIRE(outcome.warnings.size() == 1);
  CHECK_THAT(outcome.warnings[0], Contains(signal) && Contains("step") && Contains("(misbehaving.so)"));
  // What the run could not write itself was added by the process that watched it.
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK_FALSE(run.closed);
  CHECK(run.outcome == "crashed");
  CHECK(run.outcome_message == outcome.message);
}

TEST_CASE("A workload that ends the process is told apart from one that crashes") {
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "exit"}}));
  CHECK(outcome.outcome == trace::OUTCOME_CRASHED);
  CHECK_THAT(outcome.message, Contains("exit(0)"));
}

TEST_CASE("A run without a step for the timeout is timed-out and its trace closed, wherever it hangs") {
  const ScratchFolder folder;
  const std::string fault = GENERATE("hang", "hang_in_load", "hang_in_open");
  RunRequest request = Misbehaving({{"fault", fault}}, folder.File("a.sptrace"));
  request.timeout_ns = 300'000'000;
  const RunOutcome outcome = Execute(request);
  CHECK(outcome.outcome == trace::OUTCOME_TIMED_OUT);
  CHECK(outcome.exit_code == run_exit::kWorkload);
  CHECK_THAT(outcome.message, Contains("no step for 300ms") && Contains("--timeout"));
  REQUIRE_FALSE(outcome.warnings.empty());
  const std::string& stacks = outcome.warnings.back();
  CHECK_THAT(stacks, Contains("misbehaving.so") && Contains("sleeping"));
  if (fault == "hang_in_load") CHECK_THAT(stacks, Contains(", sample 5:"));
  if (fault == "hang_in_load") CHECK_THAT(outcome.warnings.front(), Contains("queue: main waits for batch"));
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK(run.closed);
  CHECK(run.outcome == "timed-out");
}

TEST_CASE("A step that fails ends the run with its number and the workload's words") {
  const ScratchFolder folder;
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "step_fails"}}, folder.File("a.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_FAILED);
  CHECK(outcome.exit_code == run_exit::kWorkload);
  CHECK(outcome.message == "step 4: the step went wrong");
  CHECK(Load(folder.File("a.sptrace")).outcome == "failed");
}

TEST_CASE("Descriptors that a plugin loses are counted, and told per sample") {
  const ScratchFolder folder;
  RunRequest leaking = Misbehaving({{"fault", "leaks_files"}, {"pause_us", "5000"}}, folder.File("a.sptrace"));
  leaking.steps = 200;
  CHECK(Execute(leaking).outcome == trace::OUTCOME_OK);
  const auto growth = MeasureGrowth(Load(folder.File("a.sptrace")), "open_files");
  REQUIRE(growth.has_value());
  CHECK(growth->per_sample() == Approx(1).epsilon(0.25));
}

TEST_CASE("A run beyond its host limit is ended by the kernel where it can be, and the next one is clean") {
  const ScratchFolder folder;
  RunRequest leaking = Misbehaving({{"fault", "leak"}, {"pause_us", "2000"}}, folder.File("a.sptrace"));
  leaking.steps = 1000;
  leaking.knobs.host_limit_bytes = 384 << 20;
  const auto group = MemoryGroup::Make(1 << 30);
  const RunOutcome outcome = Execute(leaking);
  CHECK(outcome.outcome == trace::OUTCOME_OUT_OF_MEMORY);
  CHECK_THAT(outcome.message, Contains("384MiB") && Contains("--host-memory"));
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK(run.iterations.size() > 0);
  CHECK_THAT(run.host_limit_enforcement, Contains(group.ok() ? "control group" : "ten times a second"));
  if (group.ok()) CHECK_THAT(outcome.message, Contains("the kernel ended it"));
  CHECK(run.outcome == "out-of-memory");

  RunRequest modest = Misbehaving({}, folder.File("b.sptrace"));
  modest.knobs.host_limit_bytes = 384 << 20;
  CHECK(Execute(modest).outcome == trace::OUTCOME_OK);
}

TEST_CASE("A control group is made where the system allows it, and goes with its maker") {
  auto group = MemoryGroup::Make(64 << 20);
  if (!group.ok()) {
    WARN("skipped: " << group.status().message());
    return;
  }
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  REQUIRE(group->Add(child).ok());
  std::ifstream file("/proc/" + std::to_string(child) + "/cgroup");
  const std::string groups{std::istreambuf_iterator<char>(file), {}};
  CHECK_THAT(groups, Contains("/stallpoint-" + std::to_string(getpid()) + "-"));
  CHECK(group->kills() == 0);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

// What a process in a group of its own may use, whose folder is made beside those of runs.
std::optional<uint64_t> UsableIn(const std::string& name, uint64_t limit_bytes) {
  for (const GroupPlace& place : GroupPlaces(ReadText("/proc/self/cgroup"), "/sys/fs/cgroup")) {
    const std::string folder = place.folder + "/" + name + std::to_string(getpid());
    if (mkdir(folder.c_str(), 0755) != 0) continue;
    const std::string limit = folder + (place.version == 2 ? "/memory.max" : "/memory.limit_in_bytes");
    if (!std::filesystem::exists(limit)) {
      rmdir(folder.c_str());
      continue;
    }
    std::ofstream(limit) << limit_bytes << std::flush;
    int told[2];
    REQUIRE(pipe(told) == 0);
    const pid_t child = fork();
    if (child == 0) {
      std::ofstream(folder + "/cgroup.procs") << getpid() << std::flush;
      if (ReadText("/proc/self/cgroup").find(name) == std::string::npos) _exit(1);
      const uint64_t bytes = UsableMemory();
      _exit(write(told[1], &bytes, sizeof bytes) == sizeof bytes ? 0 : 1);
    }
    close(told[1]);
    uint64_t bytes = 0;
    const bool read_it = read(told[0], &bytes, sizeof bytes) == sizeof bytes;
    waitpid(child, nullptr, 0);
    close(told[0]);
    for (int attempt = 0; attempt < 100 && rmdir(folder.c_str()) != 0; ++attempt) usleep(2000);
    if (read_it) return bytes;
  }
  return std::nullopt;
}

TEST_CASE("A process may use what its control group allows, but for the one that a run is held to") {
  const std::optional<uint64_t> limited = UsableIn("other-", 256 << 20);
  if (!limited) {
    WARN("no control group can be made here");
    return;
  }
  CHECK(*limited == 256 << 20);
  CHECK(*UsableIn(std::string(kOwnGroupPrefix), 256 << 20) == UsableMemory());
}

TEST_CASE("Groups are placed inside one of version 1, and beside one of version 2") {
  const auto places = GroupPlaces("9:name=systemd:/a\n4:memory:/b/c\n0::/user.slice/app.slice/run.scope\n", "/m");
  REQUIRE(places.size() == 4);
  CHECK(places[0].folder == "/m/memory/b/c");
  CHECK(places[0].version == 1);
  CHECK(places[1].folder == "/m/user.slice/app.slice");
  CHECK(places[2].folder == "/m/user.slice");
  CHECK(places[3].folder == "/m");
  CHECK(places[3].version == 2);
  CHECK(GroupPlaces("", "/m").empty());
  CHECK(GroupPlaces("0::/\n4:memory\n:::\n", "/m").empty());
}

TEST_CASE("Memory that runs out is an outcome of its own") {
  CHECK(Execute(Misbehaving({{"fault", "out_of_memory"}})).outcome == trace::OUTCOME_OUT_OF_MEMORY);
}

TEST_CASE("A bad sample ends the run with its name, or is skipped and told") {
  const RunOutcome ended = Execute(Misbehaving({{"fault", "bad_sample"}}));
  CHECK(ended.outcome == trace::OUTCOME_FAILED);
  CHECK(ended.exit_code == run_exit::kWorkload);
  CHECK(ended.message == "sample 5: five.jpg: premature end of file");

  const ScratchFolder folder;
  RunRequest skipping = Misbehaving({{"fault", "bad_sample"}, {"on_bad_sample", "skip"}}, folder.File("a.sptrace"));
  skipping.steps = 16;
  const RunOutcome skipped = Execute(skipping);
  CHECK(skipped.outcome == trace::OUTCOME_OK);
  REQUIRE(skipped.warnings.size() == 1);
  CHECK_THAT(skipped.warnings[0], Contains("five.jpg"));
  int64_t samples = 0;
  for (const BatchRecord& batch : Load(folder.File("a.sptrace")).batches) samples += batch.samples;
  CHECK(samples == 63);
}

TEST_CASE("A loss that is not a number is a finding, not an error") {
  const ScratchFolder folder;
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "nan"}}, folder.File("a.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  REQUIRE(outcome.warnings.size() == 1);
  CHECK_THAT(outcome.warnings[0], Contains("NaN at step 4"));
}

TEST_CASE("An exception that crosses the plugin boundary fails the run with its words") {
  const auto [function, words] =
      GENERATE(table<std::string, std::string>({{"open", "open() of the plugin threw: thrown in open"},
                                                {"begin", "thrown in begin"},
                                                {"load_sample", "thrown in load_sample"},
                                                {"step", "no std::exception"}}));
  RunRequest request = Misbehaving({{"in", function}});
  request.plugin = TestPlugin("throws");
  const RunOutcome outcome = Execute(request);
  CHECK(outcome.outcome == trace::OUTCOME_FAILED);
  CHECK_THAT(outcome.message, Contains(words));
}

TEST_CASE("std::bad_alloc is out of memory, and an exception at the end is nobody's") {
  RunRequest request = Misbehaving({{"in", "collate"}});
  request.plugin = TestPlugin("throws");
  CHECK(Execute(request).outcome == trace::OUTCOME_OUT_OF_MEMORY);
  request.options = {{"in", "end"}};
  CHECK(Execute(request).outcome == trace::OUTCOME_OK);
}

TEST_CASE("A batch of an impossible type is refused with what was found") {
  CHECK_THAT(Execute(Misbehaving({{"fault", "bad_dtype"}})).message, Contains("dtype 99"));
}

TEST_CASE("A run that cannot begin is an error with the exit code of its cause, and leaves no file") {
  const ScratchFolder folder;
  RunRequest request = Misbehaving({}, folder.File("a.sptrace"));
  request.plugin = "/nowhere/absent.so";
  CHECK(ExitCodeOf(RefusalOf(request)) == run_exit::kPlugin);
  CHECK(ExitCodeOf(RefusalOf(Misbehaving({{"falt", "none"}}))) == run_exit::kUsage);
  RunRequest cuda = Misbehaving({});
  cuda.knobs.device = "cuda:999";  // no machine has so many
  CHECK_THAT(std::string(RefusalOf(cuda).message()), Contains("cpu and emulated"));
  RunRequest nothing = Misbehaving({});
  nothing.steps = 0;
  CHECK(ExitCodeOf(RefusalOf(nothing)) == run_exit::kUsage);
  CHECK(std::filesystem::is_empty(folder.path()));

  std::ofstream(folder.path() / "a.sptrace") << "mine";
  const absl::Status exists = RefusalOf(Misbehaving({}, folder.File("a.sptrace")));
  CHECK(absl::IsAlreadyExists(exists));
  CHECK(ExitCodeOf(exists) == run_exit::kIo);
}

TEST_CASE("A workload that cannot open its data has failed, and leaves no trace in the way of the next attempt") {
  const ScratchFolder folder;
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "fail_in_open"}}, folder.File("a.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_FAILED);
  CHECK(outcome.message == "there is no data here");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("Paths and texts need not be UTF-8") {
  const ScratchFolder folder;
  const RunOutcome outcome = Execute(Misbehaving({}, folder.File("\xff\xfe.sptrace")));
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  CHECK(Load(folder.File("\xff\xfe.sptrace")).closed);
  CHECK(ExitCodeOf(RefusalOf(Misbehaving({{"\xff", "\xfe"}}))) == run_exit::kUsage);
}

TEST_CASE("Progress is told while the run goes on, and ends with the last step") {
  const std::atomic<bool> never{false};
  std::vector<RunProgress> told;
  RunRequest request = Misbehaving({{"pause_us", "5000"}});
  const auto outcome = ExecuteRun(
      request, [&told](const RunProgress& progress) { told.push_back(progress); }, never);
  REQUIRE(outcome.ok());
  REQUIRE(told.size() >= 3);
  CHECK(told.front().doing == "starting");
  CHECK(told.back().doing == "finishing");
  CHECK(told.back().steps_done == 20);
  CHECK(told.back().steps_total == 20);
}

}  // namespace
}  // namespace stallpoint
