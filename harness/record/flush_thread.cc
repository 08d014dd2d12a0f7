#include "harness/record/flush_thread.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>

namespace stallpoint {

void FlushThread::Start() {
  // Signals go to the program's own threads; SIGXFSZ and SIGPIPE become errors of the write.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::unique_lock lock(mutex_);
  served_changed_.wait(lock, [this] { return served_ >= 1; });
}

void FlushThread::FlushNow() {
  std::unique_lock lock(mutex_);
  if (std::this_thread::get_id() == id_) return;
  const uint64_t ticket = ++asked_;
  wake_->Post();
  served_changed_.wait(lock, [&] { return served_ >= ticket || stopped_; });
}

void FlushThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_->Post();
  }
  if (thread_.joinable()) thread_.join();
}

void FlushThread::Run() {
  pthread_setname_np(pthread_self(), kRecorderThreadName);
  std::unique_lock lock(mutex_);
  id_ = std::this_thread::get_id();
  while (!stopped_) {
    const bool last = stopping_;
    const uint64_t serving = asked_;
    const auto begin = std::chrono::steady_clock::now();
    lock.unlock();
    const int64_t wait_ns = flush_(last);
    lock.lock();
    served_ = serving;
    stopped_ = last;
    served_changed_.notify_all();
    if (last) continue;
    lock.unlock();
    wake_->WaitUntil(begin + std::chrono::nanoseconds(wait_ns));
    lock.lock();
  }
}

}  // namespace stallpoint
