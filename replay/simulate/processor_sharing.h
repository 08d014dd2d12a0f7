// Cores shared equally among runnable jobs, as if one queue served all of them.
//
// Every runnable thread gets the same rate r(n) = min(1, C/n) / slow-down, n threads on C cores, so one virtual clock
// serves all: dV/dt = r(n), and a job that needs `demand` more is done when V has grown by it (Kleinrock, "Queueing
// Systems", vol. 2). A job may be several threads that progress together. An event costs O(log jobs). Not thread-safe.
#ifndef STALLPOINT_REPLAY_SIMULATE_PROCESSOR_SHARING_H_
#define STALLPOINT_REPLAY_SIMULATE_PROCESSOR_SHARING_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "replay/simulate/schedule.h"

namespace stallpoint {

class ProcessorSharing {
 public:
  // Jobs are numbered from 0. `stretch`: slow-down of computing when all cores are busy; linear in the number of busy
  // cores in between. `crowding`: slow-down by this share while a thread more can run than there are cores; linear in
  // the part of a thread.
  ProcessorSharing(int32_t jobs, double cores, double stretch, double crowding = 0)
      : cores_(cores),
        crowding_(crowding),
        share_per_thread_(1 / cores),
        stretch_per_core_(cores > 1 ? (stretch - 1) / (cores - 1) : 0),
        computing_(jobs),
        threads_(static_cast<size_t>(jobs)) {}

  double now() const { return now_; }
  // Core-nanoseconds of demand begun.
  double work() const { return work_; }

  // Begins what takes `demand` on a core of one's own, on so many threads.
  void Compute(int32_t job, double demand, double threads) {
    threads_[job] = threads;
    computing_.Set(job, virtual_ + demand);
    work_ += demand * threads;
    SetRunnable(runnable_ + threads);
  }
  // When the next job is done if none begins before; infinity when none computes.
  double Due() const { return now_ + (computing_.due() - virtual_) * slowness_; }
  // Not beyond that.
  void AdvanceTo(double time) {
    virtual_ += std::max(0.0, time - now_) / slowness_;
    now_ = std::max(now_, time);
  }
  // Advances to that and returns the job.
  int32_t End() {
    now_ = std::max(now_, Due());
    virtual_ = computing_.due();
    const int32_t job = computing_.next();
    computing_.Clear(job);
    SetRunnable(computing_.due() == std::numeric_limits<double>::infinity() ? 0 : runnable_ - threads_[job]);
    return job;
  }

 private:
  // Time per unit of demand is the inverse of the rate.
  void SetRunnable(double threads) {
    runnable_ = threads;
    const double busy_besides_one = std::max(0.0, std::min(threads, cores_) - 1);
    const double too_many = std::clamp(threads - cores_, 0.0, 1.0);
    slowness_ = std::max(1.0, threads * share_per_thread_) * (1 + stretch_per_core_ * busy_besides_one) *
                (1 + crowding_ * too_many);
  }

  const double cores_, crowding_, share_per_thread_, stretch_per_core_;
  double now_ = 0, virtual_ = 0, slowness_ = 1, runnable_ = 0, work_ = 0;
  Schedule computing_;           // due at a virtual time
  std::vector<double> threads_;  // of each job
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_PROCESSOR_SHARING_H_
