// Cores shared equally among runnable jobs, and timers, in event time.
//
// Every runnable thread gets the same rate r(n) = min(1, C/n) / slow-down, n threads on C cores, so one virtual clock
// serves all: dV/dt = r(n), and a job that needs `demand` more is done when V has grown by it (Kleinrock, "Queueing
// Systems", vol. 2). A job may be several threads that progress together. An event costs O(log jobs). Not thread-safe.
#ifndef STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
#define STALLPOINT_REPLAY_PROCESSOR_SHARING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace stallpoint {

// When each job is due, and which is next: a tournament (Knuth, "The Art of Computer Programming", vol. 3, 5.4.1),
// because its matches need no branch that the processor could mispredict.
class Schedule {
 public:
  explicit Schedule(int32_t jobs) {
    while (leaves_ < static_cast<size_t>(jobs)) leaves_ *= 2;
    nodes_.resize(2 * leaves_, {std::numeric_limits<double>::infinity(), 0});
    for (size_t job = 0; job < leaves_; ++job) nodes_[leaves_ + job].job = static_cast<int32_t>(job);
  }

  double due() const { return nodes_[1].due; }  // infinity when no job is
  int32_t next() const { return static_cast<int32_t>(nodes_[1].job); }

  void Set(int64_t job, double due) {
    size_t place = leaves_ + static_cast<size_t>(job);
    nodes_[place] = {due, job};
    for (; place > 1; place /= 2) {
      const Entry& other = nodes_[place ^ 1];
      const int64_t lost = -static_cast<int64_t>(other.due < due);
      job ^= (job ^ other.job) & lost;
      due = std::min(due, other.due);
      nodes_[place / 2] = {due, job};
    }
  }
  void Clear(int32_t job) { Set(job, std::numeric_limits<double>::infinity()); }

 private:
  struct Entry {
    double due;
    int64_t job;
  };
  size_t leaves_ = 1;
  std::vector<Entry> nodes_;  // the winner of nodes 2i and 2i+1 is in i
};

class ProcessorSharing {
 public:
  // Jobs are numbered from 0; each computes or waits for one thing at a time. `stretch`: slow-down of computing when
  // all cores are busy; linear in the number of busy cores in between.
  ProcessorSharing(int32_t jobs, double cores, double stretch)
      : cores_(cores),
        share_per_thread_(1 / cores),
        stretch_per_core_(cores > 1 ? (stretch - 1) / (cores - 1) : 0),
        computing_(jobs),
        waiting_(jobs),
        threads_(static_cast<size_t>(jobs)) {}

  double now() const { return now_; }
  // Core-nanoseconds of demand completed.
  double work_done() const { return work_; }

  void Compute(int32_t job, double demand, double threads) {
    threads_[job] = threads;
    computing_.Set(job, virtual_ + demand);
    work_ += demand * threads;
    SetRunnable(runnable_ + threads);
  }
  void Wait(int32_t job, double delay) { waiting_.Set(job, now_ + delay); }

  // Advances to the end of the next phase and returns its job; -1 when nothing goes on.
  int32_t Next() {
    const double never = std::numeric_limits<double>::infinity();
    const double computed = now_ + (computing_.due() - virtual_) * slowness_;
    const double waited = waiting_.due();
    if (computed <= waited) {
      if (computed == never) return -1;
      now_ = std::max(now_, computed);
      virtual_ = computing_.due();
      const int32_t job = computing_.next();
      computing_.Clear(job);
      SetRunnable(computing_.due() == never ? 0 : runnable_ - threads_[job]);
      return job;
    }
    virtual_ += (waited - now_) / slowness_;
    now_ = waited;
    const int32_t job = waiting_.next();
    waiting_.Clear(job);
    return job;
  }

 private:
  // Time per unit of demand is the inverse of the rate.
  void SetRunnable(double threads) {
    runnable_ = threads;
    const double busy_besides_one = std::max(0.0, std::min(threads, cores_) - 1);
    slowness_ = std::max(1.0, threads * share_per_thread_) * (1 + stretch_per_core_ * busy_besides_one);
  }

  const double cores_, share_per_thread_, stretch_per_core_;
  double now_ = 0, virtual_ = 0, slowness_ = 1, runnable_ = 0, work_ = 0;
  Schedule computing_, waiting_;  // due at a virtual time, and at a time
  std::vector<double> threads_;   // of each job
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
