#include "harness/run/thread_stacks.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "absl/debugging/symbolize.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/host/thread_place.h"
#include "harness/record/clock.h"
#include "harness/record/flush_thread.h"
#include "harness/run/probe_thread.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

constexpr int kMostFrames = 64;
constexpr size_t kFramesShown = 16;
constexpr size_t kLongestName = 192;
constexpr int kCrashSignals[] = {SIGSEGV, SIGILL, SIGFPE, SIGABRT, SIGBUS, SIGTRAP};

void* InterruptedAt(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(machine.pc);
#else
  return nullptr;
#endif
}

struct RawStack {
  std::array<void*, kMostFrames> frames;
  int count = 0;
  void* interrupted_at = nullptr;
  int64_t batch = -1, sample = -1;
};

// The thread that is asked fills `answer`, one at a time: `turn` goes from asked over kFilling to answered.
constexpr pid_t kNobody = 0, kFilling = std::numeric_limits<pid_t>::min();
constexpr pid_t Asked(pid_t thread) { return -thread; }
std::atomic<pid_t> turn{kNobody};
RawStack answer;

void AnswerWithStack(int, siginfo_t*, void* context) {
  const int saved = errno;
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  pid_t expected = Asked(self);
  if (turn.compare_exchange_strong(expected, kFilling)) {
    answer.count = backtrace(answer.frames.data(), kMostFrames);
    answer.interrupted_at = InterruptedAt(context);
    const ThreadPlace& place = ThreadPlace::Current();
    answer.batch = place.batch;
    answer.sample = place.sample;
    turn.store(self, std::memory_order_release);
  }
  errno = saved;
}

// Frames of the handler itself lie above the one that was interrupted.
int FirstOwnFrame(const RawStack& stack) {
  const auto end = stack.frames.begin() + stack.count;
  const auto found = std::find(stack.frames.begin(), end, stack.interrupted_at);
  return found != end ? static_cast<int>(found - stack.frames.begin()) : std::min(stack.count, 2);
}

using FrameName = std::array<char, kLongestName + 64>;

// "Reader::Load() (reader.so)". Without allocating, for it also serves a handler. A return address belongs to the call
// before it.
void NameFrame(const void* pc, bool is_return_address, FrameName& name) {
  const char* at = static_cast<const char*>(pc) - (is_return_address ? 1 : 0);
  char symbol[kLongestName];
  const bool known = absl::Symbolize(at, symbol, sizeof(symbol));
  Dl_info info;
  if (dladdr(at, &info) == 0 || info.dli_fname == nullptr) {
    snprintf(name.data(), name.size(), "%s", known ? symbol : "?");
    return;
  }
  const char* slash = strrchr(info.dli_fname, '/');
  const char* file = slash != nullptr ? slash + 1 : info.dli_fname;
  if (known || info.dli_sname != nullptr) {
    snprintf(name.data(), name.size(), "%s (%s)", known ? symbol : info.dli_sname, file);
  } else {
    snprintf(name.data(), name.size(), "+0x%tx (%s)", at - static_cast<const char*>(info.dli_fbase), file);
  }
}

std::vector<std::string> NamesOf(const RawStack& stack) {
  std::vector<std::string> names;
  const int first = FirstOwnFrame(stack);
  for (int i = first; i < stack.count && names.size() < kFramesShown; ++i) {
    FrameName name;
    NameFrame(stack.frames[static_cast<size_t>(i)], i != first, name);
    names.emplace_back(name.data());
  }
  // What starts a thread has no names and says nothing.
  while (!names.empty() && names.back().starts_with("+0x")) names.pop_back();
  return names;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

ThreadStack Ask(pid_t thread, int signal, int64_t timeout_ns) {
  ThreadStack stack;
  const std::string folder = absl::StrCat("/proc/self/task/", thread);
  stack.name = thread == getpid() ? "main" : FirstLine(folder + "/comm");
  const std::string stat = FirstLine(folder + "/stat");
  if (const size_t name_end = stat.rfind(") "); name_end != std::string::npos) stack.state = stat[name_end + 2];

  if (turn.load() == kFilling) return stack;  // one that began to answer never came to an end
  turn.store(Asked(thread));
  if (syscall(SYS_tgkill, getpid(), thread, signal) != 0) return stack;
  const int64_t until_ns = MonotonicNs() + timeout_ns;
  while (turn.load(std::memory_order_acquire) != thread && MonotonicNs() < until_ns) usleep(500);
  // Whoever comes later finds that it is asked no more.
  pid_t expected = Asked(thread);
  if (turn.compare_exchange_strong(expected, kNobody) || turn.load(std::memory_order_acquire) != thread) return stack;
  stack.answered = true;
  stack.batch = answer.batch;
  stack.sample = answer.sample;
  stack.frames = NamesOf(answer);
  return stack;
}

const char* StateName(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "waiting for the disk";
    default:
      return "stopped";
  }
}

int crash_report = -1, crash_also = -1;

void Tell(const char* text) {
  for (const int descriptor : {crash_report, crash_also}) {
    if (descriptor >= 0 && write(descriptor, text, strlen(text)) < 0) continue;
  }
}

// Allocates nothing: the heap may be what is broken. An alarm ends the process should this hang in a lock.
void ReportCrash(int signal, siginfo_t*, void* context) {
  static std::atomic<int> entered{0};
  if (entered.fetch_add(1) > 0) _exit(128 + signal);
  ::signal(SIGALRM, SIG_DFL);
  alarm(3);
  static FrameName line;
  snprintf(line.data(), line.size(), "*** SIG%s in thread %ld\n", sigabbrev_np(signal), syscall(SYS_gettid));
  Tell(line.data());
  static RawStack stack;
  stack.count = backtrace(stack.frames.data(), kMostFrames);
  stack.interrupted_at = InterruptedAt(context);
  const int first = FirstOwnFrame(stack);
  for (int i = first; i < std::min(stack.count, first + static_cast<int>(kFramesShown)); ++i) {
    NameFrame(stack.frames[static_cast<size_t>(i)], i != first, line);
    Tell("    @ ");
    Tell(line.data());
    Tell("\n");
  }
  ::signal(signal, SIG_DFL);
  raise(signal);
}

// The unwinder loads a library when it is first used, which must not be inside a handler.
void WarmUpUnwinder() {
  void* frame;
  backtrace(&frame, 1);
}

}  // namespace

std::vector<ThreadStack> StacksOfOtherThreads(int64_t timeout_ns) {
  WarmUpUnwinder();
  const int signal = SIGRTMIN + 7;
  struct sigaction action = {};
  action.sa_sigaction = AnswerWithStack;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(signal, &action, nullptr);

  std::vector<ThreadStack> stacks;
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  std::error_code error;
  for (fs::directory_iterator task("/proc/self/task", error), end; !error && task != end; task.increment(error)) {
    const pid_t thread = atoi(task->path().filename().c_str());
    if (thread == self) continue;
    ThreadStack stack = Ask(thread, signal, timeout_ns);
    if (stack.name == kRecorderThreadName || absl::StartsWith(stack.name, kProbeThreadPrefix)) continue;
    stacks.push_back(std::move(stack));
  }
  return stacks;
}

std::vector<std::string> DescribeStacks(const std::vector<ThreadStack>& stacks) {
  std::vector<std::string> lines;
  for (const ThreadStack& stack : stacks) {
    std::string head = absl::StrCat("thread '", stack.name, "', ", StateName(stack.state));
    if (stack.batch >= 0) absl::StrAppend(&head, ", batch ", stack.batch);
    if (stack.sample >= 0) absl::StrAppend(&head, ", sample ", stack.sample);
    lines.push_back(absl::StrCat(head, stack.answered ? ":" : "; it did not say where it is"));
    for (const std::string& frame : stack.frames) lines.push_back(absl::StrCat("    @ ", frame));
  }
  return lines;
}

void InstallCrashHandler(int report, int also) {
  crash_report = report;
  crash_also = also;
  WarmUpUnwinder();
  // A stack of its own, for the thread that overflowed the one it had: the thread that calls this, usually main.
  static std::array<char, 64 << 10> room;
  stack_t alternate = {};
  alternate.ss_sp = room.data();
  alternate.ss_size = room.size();
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = ReportCrash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : kCrashSignals) sigaction(signal, &action, nullptr);
}

}  // namespace stallpoint
