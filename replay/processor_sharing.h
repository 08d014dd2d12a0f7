// Cores shared equally among runnable jobs, and timers, in event time.
//
// Every runnable thread gets the same rate r(n) = min(1, C/n) / slow-down, n threads on C cores, so one virtual clock
// serves all: dV/dt = r(n), and a job that needs `demand` more is done when V has grown by it (Kleinrock, "Queueing
// Systems", vol. 2). An event costs O(log jobs). A job may be several threads that progress together. Not thread-safe.
#ifndef STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
#define STALLPOINT_REPLAY_PROCESSOR_SHARING_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace stallpoint {

class ProcessorSharing {
 public:
  // `stretch`: slow-down of computing when all cores are busy; linear in the number of busy cores in between.
  ProcessorSharing(double cores, double stretch) : cores_(cores), stretch_(stretch) {}

  double now() const { return now_; }
  // Core-nanoseconds of demand completed.
  double work_done() const { return work_; }

  void Compute(int32_t job, double demand, double threads) {
    Push(&computing_, {virtual_ + demand, job, threads});
    runnable_ += threads;
    work_ += demand * threads;
    rate_ = Rate(runnable_);
  }
  void Wait(int32_t job, double delay) { Push(&waiting_, {now_ + delay, job, 0}); }

  // Advances to the end of the next phase and returns its job; -1 when nothing goes on.
  int32_t Next() {
    const double infinity = std::numeric_limits<double>::infinity();
    const double computed = computing_.empty() ? infinity : now_ + (computing_.front().due - virtual_) / rate_;
    const double waited = waiting_.empty() ? infinity : waiting_.front().due;
    if (computed == infinity && waited == infinity) return -1;
    if (computed <= waited) {
      const Entry entry = Pop(&computing_);
      now_ = std::max(now_, computed);
      virtual_ = entry.due;
      runnable_ -= entry.threads;
      if (computing_.empty()) runnable_ = 0;
      rate_ = Rate(runnable_);
      return entry.job;
    }
    const Entry entry = Pop(&waiting_);
    virtual_ += (waited - now_) * rate_;
    now_ = waited;
    return entry.job;
  }

 private:
  struct Entry {
    double due;  // virtual time of computing jobs, time of waiting ones
    int32_t job;
    double threads;
    bool operator>(const Entry& other) const { return due > other.due; }
  };

  double Rate(double threads) const {
    if (threads <= 0) return 1;
    const double busy = std::min(threads, cores_);
    const double crowd = cores_ > 1 ? std::max(0.0, busy - 1) / (cores_ - 1) : 0;
    return busy / threads / (1 + (stretch_ - 1) * crowd);
  }
  static void Push(std::vector<Entry>* heap, Entry entry) {
    heap->push_back(entry);
    std::push_heap(heap->begin(), heap->end(), std::greater<>());
  }
  static Entry Pop(std::vector<Entry>* heap) {
    std::pop_heap(heap->begin(), heap->end(), std::greater<>());
    const Entry entry = heap->back();
    heap->pop_back();
    return entry;
  }

  double cores_, stretch_;
  double now_ = 0, virtual_ = 0, rate_ = 1, runnable_ = 0, work_ = 0;
  std::vector<Entry> computing_, waiting_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
