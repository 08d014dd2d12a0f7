// Cores shared equally among runnable jobs, storage among reads, and timers, in event time.
//
// Every runnable thread gets the same rate r(n) = min(1, C/n) / slow-down, n threads on C cores, so one virtual clock
// serves all: dV/dt = r(n), and a job that needs `demand` more is done when V has grown by it (Kleinrock, "Queueing
// Systems", vol. 2). A job may be several threads that progress together. Storage has a clock of its own. An event
// costs O(log jobs). Not thread-safe.
#ifndef STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
#define STALLPOINT_REPLAY_PROCESSOR_SHARING_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace stallpoint {

// When each job is due, and which is next: a tournament (Knuth, "The Art of Computer Programming", vol. 3, 5.4.1). A
// match is one comparison of integers and no branch: those of a heap depend on random times, which no processor
// predicts. What competes are the bits of a time, which are ordered as times are while these are not negative, with the
// number of the job in place of the last few. So of 16 jobs those due within 2^-48 of each other, 0.4 ps in 100 s, may
// come in the order of their numbers; the times themselves stay exact.
class Schedule {
 public:
  explicit Schedule(int32_t jobs)
      : leaves_(std::bit_ceil(static_cast<size_t>(std::max(1, jobs)))), keys_(2 * leaves_), due_(leaves_, kNever) {
    for (size_t job = 0; job < leaves_; ++job) keys_[leaves_ + job] = Key(kNever, job);
    for (size_t place = leaves_ - 1; place > 0; --place)
      keys_[place] = std::min(keys_[2 * place], keys_[2 * place + 1]);
  }

  int32_t next() const { return static_cast<int32_t>(keys_[1] & (leaves_ - 1)); }
  double due() const { return due_[next()]; }  // infinity when no job is

  void Set(int32_t job, double due) {
    due_[job] = due;
    uint64_t winner = Key(due, static_cast<size_t>(job));
    for (size_t place = leaves_ + static_cast<size_t>(job); place > 1; place /= 2) {
      keys_[place] = winner;
      const uint64_t other = keys_[place ^ 1];
      winner = other < winner ? other : winner;
    }
    keys_[1] = winner;
  }
  void Clear(int32_t job) { Set(job, kNever); }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  uint64_t Key(double due, size_t job) const { return (std::bit_cast<uint64_t>(due) & ~uint64_t{leaves_ - 1}) | job; }

  const size_t leaves_;         // a power of two
  std::vector<uint64_t> keys_;  // the winner of places 2i and 2i+1 is in i; job j begins in leaves_ + j
  std::vector<double> due_;     // of each job
};

class ProcessorSharing {
 public:
  // Jobs are numbered from 0; each computes, reads or waits for one thing at a time. `stretch`: slow-down of computing
  // when all cores are busy; linear in the number of busy cores in between. `crowding`: slow-down by this share while a
  // thread more can run than there are cores; linear in the part of a thread. `streams`: reads that storage serves at a
  // time at full speed, at least one.
  ProcessorSharing(int32_t jobs, double cores, double stretch, double crowding = 0,
                   double streams = std::numeric_limits<double>::infinity())
      : cores_(cores),
        crowding_(crowding),
        share_per_read_(1 / std::max(1.0, streams)),
        share_per_thread_(1 / cores),
        stretch_per_core_(cores > 1 ? (stretch - 1) / (cores - 1) : 0),
        computing_(jobs),
        waiting_(jobs),
        reading_(jobs),
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
  // `demand`: what the read takes alone.
  void Read(int32_t job, double demand) {
    reading_.Set(job, storage_virtual_ + demand);
    SetReaders(readers_ + 1);
  }

  // Advances to the end of the next phase and returns its job; -1 when nothing goes on.
  int32_t Next() {
    const double never = std::numeric_limits<double>::infinity();
    const double computed = now_ + (computing_.due() - virtual_) * slowness_;
    const double waited = waiting_.due();
    if (readers_ > 0) {
      const double read = now_ + (reading_.due() - storage_virtual_) * storage_slowness_;
      if (read < std::min(computed, waited)) return EndRead(read);
      storage_virtual_ += std::max(0.0, std::min(computed, waited) - now_) / storage_slowness_;
    }
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
  int32_t EndRead(double read) {
    virtual_ += std::max(0.0, read - now_) / slowness_;
    now_ = std::max(now_, read);
    storage_virtual_ = reading_.due();
    const int32_t job = reading_.next();
    reading_.Clear(job);
    SetReaders(readers_ - 1);
    return job;
  }

  // Time per unit of demand is the inverse of the rate.
  void SetReaders(int32_t readers) {
    readers_ = readers;
    storage_slowness_ = std::max(1.0, readers * share_per_read_);
  }
  void SetRunnable(double threads) {
    runnable_ = threads;
    const double busy_besides_one = std::max(0.0, std::min(threads, cores_) - 1);
    const double too_many = std::clamp(threads - cores_, 0.0, 1.0);
    slowness_ = std::max(1.0, threads * share_per_thread_) * (1 + stretch_per_core_ * busy_besides_one) *
                (1 + crowding_ * too_many);
  }

  const double cores_, crowding_, share_per_read_, share_per_thread_, stretch_per_core_;
  double now_ = 0, virtual_ = 0, slowness_ = 1, runnable_ = 0, work_ = 0;
  double storage_virtual_ = 0, storage_slowness_ = 1;
  int32_t readers_ = 0;
  Schedule computing_, waiting_, reading_;  // due at a virtual time, at a time, and at a virtual time of the storage
  std::vector<double> threads_;             // of each job
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PROCESSOR_SHARING_H_
