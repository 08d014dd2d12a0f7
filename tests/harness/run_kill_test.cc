#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "catch.h"
#include "tests/harness/run_support.h"
#include "tests/harness/scratch_folder.h"

namespace stallpoint {
namespace {

using Catch::Contains;

// Processes named stallpoint-run whose command line names `parent`.
std::set<pid_t> RunsOf(pid_t parent) {
  std::set<pid_t> runs;
  DIR* processes = opendir("/proc");
  while (const dirent* entry = readdir(processes)) {
    const pid_t pid = atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    std::string program, argument;
    std::getline(file, program, '\0');
    std::getline(file, argument, '\0');
    if (program == "stallpoint-run" && argument == std::to_string(parent)) runs.insert(pid);
  }
  closedir(processes);
  return runs;
}

template <typename Condition>
void WaitUntil(Condition holds) {
  while (!holds()) poll(nullptr, 0, 5);
}

RunRequest Endless(const std::string& trace_path, const std::string& fault = "none") {
  RunRequest request = Misbehaving({{"pause_us", "1000"}, {"fault", fault}}, trace_path);
  request.steps = 1'000'000;
  return request;
}

// A run that another thread interferes with once it has made some steps.
template <typename Interfere>
RunOutcome ExecuteAnd(const RunRequest& request, Interfere interfere, std::atomic<bool>& cancel) {
  std::atomic<bool> training{false};
  std::thread other([&] {
    WaitUntil([&] { return training.load(); });
    interfere();
  });
  const auto outcome = ExecuteRun(
      request, [&](const RunProgress& progress) { training = training || progress.steps_done > 5; }, cancel);
  training = true;
  other.join();
  REQUIRE(outcome.ok());
  return *outcome;
}

TEST_CASE("A cancelled run ends after its step with a closed trace") {
  const ScratchFolder folder;
  std::atomic<bool> cancel{false};
  const RunOutcome outcome = ExecuteAnd(
      Endless(folder.File("a.sptrace")), [&] { cancel = true; }, cancel);
  CHECK(outcome.outcome == trace::OUTCOME_CANCELLED);
  CHECK(outcome.exit_code == 0);
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK(run.closed);
  CHECK(run.outcome == "cancelled");
  CHECK(run.iterations.size() > 5);
  CHECK(RunsOf(getpid()).empty());
}

TEST_CASE("A run that hangs is cancelled all the same, and its trace closed") {
  const ScratchFolder folder;
  RunRequest request = Misbehaving({{"fault", "hang"}, {"at", "10"}}, folder.File("a.sptrace"));
  std::atomic<bool> cancel{false};
  std::thread other([&] {
    WaitUntil([&] { return std::filesystem::exists(folder.File("a.sptrace")); });
    cancel = true;
  });
  const auto outcome = ExecuteRun(request, nullptr, cancel);
  other.join();
  REQUIRE(outcome.ok());
  CHECK(outcome->outcome == trace::OUTCOME_CANCELLED);
  CHECK(Load(folder.File("a.sptrace")).closed);
}

TEST_CASE("SIGTERM to the run closes its trace") {
  const ScratchFolder folder;
  std::atomic<bool> cancel{false};
  const RunOutcome outcome = ExecuteAnd(
      Endless(folder.File("a.sptrace")), [] { kill(*RunsOf(getpid()).begin(), SIGTERM); }, cancel);
  CHECK(outcome.outcome == trace::OUTCOME_CANCELLED);
  CHECK(Load(folder.File("a.sptrace")).closed);
}

TEST_CASE("kill -9 of the run leaves a trace that can be read and says that it is not closed") {
  const ScratchFolder folder;
  std::atomic<bool> cancel{false};
  const RunOutcome outcome = ExecuteAnd(
      Endless(folder.File("a.sptrace")),
      [] {
        poll(nullptr, 0, 300);  // more than the recorder's interval
        kill(*RunsOf(getpid()).begin(), SIGKILL);
      },
      cancel);
  CHECK(outcome.outcome == trace::OUTCOME_CRASHED);
  CHECK_THAT(outcome.message, Contains("SIGKILL"));
  const RunRecord run = Load(folder.File("a.sptrace"));
  CHECK_FALSE(run.closed);
  CHECK(run.iterations.size() > 5);
  CHECK(RunsOf(getpid()).empty());
}

TEST_CASE("When the program that started a run is killed, the run dies with it") {
  const ScratchFolder folder;
  const pid_t parent = fork();
  if (parent == 0) {
    const std::atomic<bool> never{false};
    const auto ignored = ExecuteRun(Endless(folder.File("a.sptrace")), nullptr, never);
    _exit(ignored.ok() ? 0 : 1);
  }
  WaitUntil([&] { return !RunsOf(parent).empty() && std::filesystem::exists(folder.File("a.sptrace")); });
  kill(parent, SIGKILL);
  int status;
  waitpid(parent, &status, 0);
  WaitUntil([&] { return RunsOf(parent).empty(); });
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("Processes that a workload left behind are ended with the run") {
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "fork_and_hang"}}));
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  WaitUntil([] { return RunsOf(getpid()).empty(); });
  CHECK(RunsOf(getpid()).empty());
}

TEST_CASE("What a plugin prints to standard output does not reach ours") {
  const ScratchFolder folder;
  const std::string captured = folder.File("stdout");
  fflush(stdout);
  const int before = dup(STDOUT_FILENO);
  REQUIRE(freopen(captured.c_str(), "w", stdout) != nullptr);
  const RunOutcome outcome = Execute(Misbehaving({{"fault", "stdout"}}));
  fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  CHECK(outcome.outcome == trace::OUTCOME_OK);
  CHECK(std::filesystem::file_size(captured) == 0);
}

}  // namespace
}  // namespace stallpoint
