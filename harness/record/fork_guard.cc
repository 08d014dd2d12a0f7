#include "harness/record/fork_guard.h"

#include <pthread.h>

#include <atomic>

#include "harness/record/thread_log.h"

namespace stallpoint {
namespace {

std::atomic<int64_t> fork_count{0};

void InChild() {
  fork_count.fetch_add(1, std::memory_order_relaxed);
  ThreadLog::SetCurrent(nullptr);
}

}  // namespace

int64_t ForkCount() { return fork_count.load(std::memory_order_relaxed); }

void InstallForkGuard() {
  static const int installed = pthread_atfork(nullptr, nullptr, InChild);
  (void)installed;
}

}  // namespace stallpoint
