#include "harness/run/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/record/clock.h"
#include "harness/run/child_descriptors.h"
#include "harness/run/run_exit.h"

extern char** environ;

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "stallpoint-run";
constexpr size_t kMostStackLines = 12;

// Beside the program that is running, as built and as installed; STALLPOINT_RUN names another file, for tests.
absl::StatusOr<std::string> FindProgram() {
  if (const char* named = getenv("STALLPOINT_RUN"); named != nullptr) return named;
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path places[] = {here / kProgram, here.parent_path() / "lib" / "stallpoint" / kProgram};
  for (const fs::path& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place.string();
  }
  return WithExitCode(
      absl::NotFoundError(absl::StrCat("found neither ", places[0].string(), " nor ", places[1].string(),
                                       ", which executes runs; reinstall stallpoint, or build the target ", kProgram)),
      run_exit::kIo);
}

// Descriptors at or above `kFirstOther`, so that moving one into its place overwrites no other.
int MovedUp(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstOther); }

struct SpawnSetup {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnSetup() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

// The child begins with default signal handling in a group of its own, whatever the parent does with signals.
void ResetSignals(posix_spawnattr_t* attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start() {
  const auto program = FindProgram();
  if (!program.ok()) return program.status();
  auto sockets = MessageSocket::Pair();
  if (!sockets.ok()) return sockets.status();
  const int stack_file = memfd_create("stallpoint-crash", MFD_CLOEXEC);
  const MessageSocket theirs(MovedUp(sockets->second.descriptor()));
  const MessageSocket stack_up(MovedUp(stack_file));
  sockets->second.Close();

  SpawnSetup setup;
  posix_spawn_file_actions_addopen(&setup.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&setup.files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.files, theirs.descriptor(), kChildSocket);
  posix_spawn_file_actions_adddup2(&setup.files, stack_up.descriptor(), kChildStack);
  posix_spawn_file_actions_addclosefrom_np(&setup.files, kFirstOther);
  ResetSignals(&setup.attributes);

  const std::string parent = absl::StrCat(getpid());
  const char* arguments[] = {kProgram, parent.c_str(), nullptr};
  pid_t pid;
  const int failed = posix_spawn(&pid, program->c_str(), &setup.files, &setup.attributes,
                                 const_cast<char* const*>(arguments), environ);
  if (failed != 0) {
    if (stack_file >= 0) close(stack_file);
    return WithExitCode(absl::ErrnoToStatus(failed, absl::StrCat("cannot start ", *program)), run_exit::kIo);
  }
  return ChildProcess(pid, std::move(sockets->first), stack_file);
}

ChildProcess::ChildProcess(pid_t pid, MessageSocket socket, int stack_file)
    : pid_(pid), socket_(std::move(socket)), stack_file_(stack_file) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::move(other.socket_)),
      stack_file_(std::exchange(other.stack_file_, -1)),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) KillAndWait();
  if (stack_file_ >= 0) close(stack_file_);
}

int ChildProcess::KillAndWait() {
  // The child leads the group; while it is not reaped the group's id cannot belong to anybody else.
  if (!status_.has_value()) {
    killpg(pid_, SIGKILL);
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
  }
  return *status_;
}

std::optional<int> ChildProcess::WaitFor(int64_t timeout_ns) {
  const int64_t until_ns = MonotonicNs() + timeout_ns;
  while (!status_.has_value()) {
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) {
      return KillAndWait();
    }
    if (MonotonicNs() >= until_ns) return std::nullopt;
    poll(nullptr, 0, 2);
  }
  return status_;
}

std::string ChildProcess::HowItEnded(int status) {
  if (!WIFSIGNALED(status)) return absl::StrCat("called exit(", WEXITSTATUS(status), ")");
  const char* name = sigabbrev_np(WTERMSIG(status));
  return absl::StrCat("was ended by SIG", name != nullptr ? name : "?", " (", strsignal(WTERMSIG(status)), ")");
}

std::string ChildProcess::CrashStack() const {
  char text[4096];
  const ssize_t got = pread(stack_file_, text, sizeof(text), 0);
  if (got <= 0) return "";
  std::vector<absl::string_view> lines =
      absl::StrSplit(absl::string_view(text, static_cast<size_t>(got)), '\n', absl::SkipEmpty());
  lines.resize(std::min(lines.size(), kMostStackLines));
  return absl::StrJoin(lines, "\n");
}

}  // namespace stallpoint
