// stallpoint-run: executes one run for a parent process, which started it and told it what to do. Not for people.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "absl/debugging/symbolize.h"
#include "harness/check/check_messages.h"
#include "harness/check/plugin_listing.h"
#include "harness/run/child_descriptors.h"
#include "harness/run/message_socket.h"
#include "harness/run/run_exit.h"
#include "harness/run/run_here.h"
#include "harness/run/run_messages.h"
#include "harness/run/thread_stacks.h"

namespace stallpoint {
namespace {

constexpr int64_t kSignalGraceNs = 3'000'000'000;
constexpr int64_t kStackTimeoutNs = 50'000'000;

// Ends the process with its one result, whoever has it first: the run, or the thread that lost patience with it.
class Finish {
 public:
  explicit Finish(const MessageSocket& socket) : socket_(socket) {}

  // Nothing is destroyed: other threads may still be inside the plugin, and LibTorch's destructors crash at exit.
  [[noreturn]] void With(const absl::StatusOr<RunOutcome>& outcome) {
    std::lock_guard lock(mutex_);
    run::ToParent message;
    *message.mutable_result() = ToProto(outcome);
    const bool sent = socket_.Send(message).ok();
    fflush(nullptr);
    _exit(sent ? 0 : run_exit::kIo);
  }

 private:
  const MessageSocket& socket_;
  std::mutex mutex_;
};

// The state of the queue, then the stack of every thread.
std::vector<std::string> DescribeHang(const RunControl& control) {
  std::vector<std::string> lines;
  if (const std::string queue = control.DescribeQueue(); !queue.empty()) lines.push_back("queue: " + queue);
  std::string stacks;
  for (const std::string& line : DescribeStacks(StacksOfOtherThreads(kStackTimeoutNs))) {
    if (!stacks.empty()) stacks += '\n';
    stacks += line;
  }
  if (!stacks.empty()) lines.push_back(std::move(stacks));
  return lines;
}

// Waits for an order to end, from the parent or as a signal, and sees to it.
class Supervisor {
 public:
  Supervisor(const MessageSocket& socket, int signals, RunControl& control, Finish& finish)
      : socket_(socket), signals_(signals), control_(control), finish_(finish) {}

  void Run() {
    const run::End end = WaitForOrder();
    // Where the threads are while they still hang, not where they get to once they are told to end.
    std::vector<std::string> hang;
    if (end.outcome() == trace::OUTCOME_TIMED_OUT) hang = DescribeHang(control_);
    control_.End(end.outcome(), end.message(), hang);
    poll(nullptr, 0, static_cast<int>(end.grace_ns() / 1'000'000));
    control_.CloseTrace(end.outcome(), end.message());
    finish_.With(
        RunOutcome{.outcome = end.outcome(),
                   .message = end.message(),
                   .exit_code = end.outcome() == trace::OUTCOME_CANCELLED ? run_exit::kOk : run_exit::kWorkload,
                   .warnings = std::move(hang)});
  }

 private:
  run::End WaitForOrder() {
    while (true) {
      pollfd ready[] = {{socket_.descriptor(), POLLIN, 0}, {signals_, POLLIN, 0}};
      if (poll(ready, 2, -1) < 0) continue;
      if (ready[1].revents != 0) return Cancelled("ended by a signal");
      run::ToChild message;
      const auto received = socket_.Receive(&message);
      if (!received.ok() || !*received) return Cancelled("the program that started the run is gone");
      if (message.has_end()) return message.end();
    }
  }

  static run::End Cancelled(const char* why) {
    run::End end;
    end.set_outcome(trace::OUTCOME_CANCELLED);
    end.set_message(why);
    end.set_grace_ns(kSignalGraceNs);
    return end;
  }

  const MessageSocket& socket_;
  const int signals_;
  RunControl& control_;
  Finish& finish_;
};

// Signals that ask for an end, blocked in every thread and read from a descriptor instead.
int TakeOverSignals() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return signalfd(-1, &ends, SFD_CLOEXEC);
}

// Nothing is destroyed, as at the end of a run.
[[noreturn]] void AnswerAndEnd(const MessageSocket& socket, const run::ToParent& answer) {
  const bool sent = socket.Send(answer).ok();
  fflush(nullptr);
  _exit(sent ? 0 : run_exit::kIo);
}

int Main(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return run_exit::kIo;
  InstallCrashHandler(kChildStack, -1);
  signal(SIGPIPE, SIG_IGN);
  const int signals = TakeOverSignals();

  // Never destroyed: when a plugin calls exit(), other threads go on using them.
  static const auto& socket = *new MessageSocket(kChildSocket);
  run::ToChild message;
  const auto received = socket.Receive(&message);
  if (!received.ok() || !*received) return run_exit::kIo;
  run::ToParent answer;
  if (message.has_check()) {
    *answer.mutable_check() = ToProto(RunCheck(message.check()));
    AnswerAndEnd(socket, answer);
  }
  if (message.has_describe()) {
    *answer.mutable_description() = DescribeHere(message.describe().file());
    AnswerAndEnd(socket, answer);
  }
  if (!message.has_request()) return run_exit::kIo;
  const RunRequest request = FromProto(message.request());

  static auto& control = *new RunControl();
  static auto& finish = *new Finish(socket);
  static auto& supervisor = *new Supervisor(socket, signals, control, finish);
  std::thread([] { supervisor.Run(); }).detach();
  const auto on_progress = [](const RunProgress& progress) {
    run::ToParent report;
    *report.mutable_progress() = ToProto(progress);
    socket.SendIfRoom(report);
  };
  finish.With(RunHere(request, on_progress, control));
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  absl::InitializeSymbolizer(argv[0]);
  if (argc != 2) {
    fprintf(stderr, "stallpoint-run is started by stallpoint; use `stallpoint record`\n");
    return stallpoint::run_exit::kUsage;
  }
  return stallpoint::Main(static_cast<pid_t>(atoi(argv[1])));
}
