#include "harness/run/probe_thread.h"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/host/probe.h"
#include "harness/record/clock.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kShortestPollNs = 10'000'000;
// Polls take at most one part in so many of a core.
constexpr int64_t kPollCpuFactor = 100;

uint64_t PollThreadCpuNs() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
}

}  // namespace

int64_t PollIntervalNs(int64_t min_poll_ns, uint64_t poll_cpu_ns) {
  constexpr uint64_t kLongestCpuNs = INT64_MAX / kPollCpuFactor;
  return std::max(
      {min_poll_ns, kShortestPollNs, kPollCpuFactor * static_cast<int64_t>(std::min(poll_cpu_ns, kLongestCpuNs))});
}

// Belongs to the owner and to the thread, whichever is there longer.
struct ProbeThread::State {
  State(const ProbePlan& p, ProbeOutlet& outlet) : plan(p), host(p.options, outlet) {}

  const ProbePlan plan;
  ProbeHost host;

  std::mutex mutex;
  std::condition_variable wake, gone;
  bool ending = false, ended = false;
  const char* doing = "create_probe";  // the function it is in, null between polls
  int64_t since_ns = MonotonicNs();
  Account account;

  void Run();

 private:
  absl::Status Work();
  void Enter(const char* function) {
    const std::lock_guard lock(mutex);
    doing = function;
    since_ns = MonotonicNs();
  }
  // Waits for the next poll; whether there is one.
  bool Await(std::chrono::steady_clock::time_point due) {
    std::unique_lock lock(mutex);
    doing = nullptr;
    return !wake.wait_until(lock, due, [this] { return ending; });
  }
};

absl::Status ProbeThread::State::Work() {
  auto probe = Probe::Create(plan.plugin, host);
  if (!probe.ok()) return probe.status();
  Enter("start");
  absl::Status status = (*probe)->Start();
  while (status.ok()) {
    const auto begin = std::chrono::steady_clock::now();
    const uint64_t cpu_before_ns = PollThreadCpuNs();
    Enter("poll");
    status = (*probe)->Poll(MonotonicNs());
    const uint64_t cpu_ns = PollThreadCpuNs();
    {
      const std::lock_guard lock(mutex);
      ++account.polls;
      account.cpu_ns = cpu_ns;
    }
    const int64_t interval_ns = PollIntervalNs((*probe)->min_poll_ns(), cpu_ns - cpu_before_ns);
    if (status.ok() && !Await(begin + std::chrono::nanoseconds(interval_ns))) break;
  }
  Enter("stop");
  (*probe)->Stop();
  Enter("destroy");
  return status;
}

void ProbeThread::State::Run() {
  pthread_setname_np(pthread_self(),
                     absl::StrCat(kProbeThreadPrefix, plan.plugin.descriptor->id).substr(0, 15).c_str());
  const absl::Status status = Work();
  const std::string why(status.message());
  if (!status.ok()) host.Say(SP_LOG_WARNING, absl::StrCat("stopped: ", why));
  const std::lock_guard lock(mutex);
  account.cpu_ns = PollThreadCpuNs();
  account.stopped = why;
  ended = true;
  gone.notify_all();
}

ProbeThread::ProbeThread(const ProbePlan& plan, ProbeOutlet& outlet) : state_(std::make_shared<State>(plan, outlet)) {
  std::thread([state = state_] { state->Run(); }).detach();
}

ProbeThread::~ProbeThread() = default;

void ProbeThread::AskToEnd() {
  state_->host.Cancel();
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->wake.notify_all();
}

ProbeThread::Account ProbeThread::Join(std::chrono::steady_clock::time_point deadline) {
  State& state = *state_;
  Account account;
  std::string hangs;
  {
    std::unique_lock lock(state.mutex);
    state.gone.wait_until(lock, deadline, [&] { return state.ended; });
    account = state.account;
    if (!state.ended) {
      hangs = absl::StrCat("it did not return from ", state.doing, "() for ",
                           FormatTimeNs((MonotonicNs() - state.since_ns) / 1'000'000 * 1'000'000));
      account.stopped = hangs;
    }
  }
  if (!hangs.empty()) state.host.Say(SP_LOG_WARNING, absl::StrCat("left behind: ", hangs));
  state.host.Detach();
  return account;
}

}  // namespace stallpoint
