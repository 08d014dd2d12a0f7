// A queue for each core, and idle cores that take a thread from another after a while.
//
// How Linux schedules: a thread that slept goes on where it fell asleep, threads of a core share it equally, and while
// a core is idle and another has more than one thread, it takes one of them after `migration_delay`, exponentially
// distributed: at once as it falls idle, with a tick, or many ticks later. So cores stand idle beside threads that
// wait, most of all where few threads sleep between short stretches of computing. Cores that are all busy look at each
// other rarely; one with fewer threads then takes one from another, so that three threads on two cores take turns in
// having one to themselves.
//
// Each core has a virtual clock (processor_sharing.h), and all have the slow-down of the cores that are busy, so an
// event costs O(log threads + log cores), and one that moves a thread O(threads). The same calls give the same times.
// Not thread-safe.
#ifndef STALLPOINT_REPLAY_SIMULATE_CORE_QUEUES_H_
#define STALLPOINT_REPLAY_SIMULATE_CORE_QUEUES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "replay/simulate/run_queue.h"
#include "replay/simulate/schedule.h"
#include "replay/statistics.h"

namespace stallpoint {

class CoreQueues {
 public:
  // Jobs are numbered from 0; the last of them may be up to `most_threads`, at least one. `cores`: a whole number.
  // `stretch`: slow-down of computing when all cores are busy; linear in the number of busy cores in between.
  // `crowding`: slow-down by this share of a core that has more than one thread. `luck`: of which thread moves when.
  CoreQueues(int32_t jobs, double cores, double most_threads, double stretch, double crowding, double migration_delay,
             uint64_t luck = 0)
      : jobs_(jobs),
        luck_(luck),
        stretch_per_core_(cores > 1 ? (stretch - 1) / (cores - 1) : 0),
        core_of_(static_cast<size_t>(jobs) - 1 + static_cast<size_t>(std::ceil(std::max(1.0, most_threads)))),
        cores_(static_cast<size_t>(std::min(cores, static_cast<double>(core_of_.size()))),
               Core(static_cast<int32_t>(core_of_.size()))),  // more would stay idle
        due_(static_cast<int32_t>(cores_.size())),
        unfinished_(static_cast<size_t>(jobs)),
        idle_(static_cast<int32_t>(cores_.size())) {
    for (size_t thread = 0; thread < core_of_.size(); ++thread) {
      core_of_[thread] = static_cast<int32_t>(thread % cores_.size());
    }
    for (size_t count = 0; count <= core_of_.size(); ++count) {
      const double slowness = count > 1 ? static_cast<double>(count) * (1 + crowding) : 1;
      paces_.push_back({slowness, 1 / slowness});
    }
    for (int32_t idle = 0; idle <= idle_; ++idle) {
      const double per_ns = (idle == 0 ? kOftenWhenBusy : idle) / migration_delay;
      moves_of_.push_back({per_ns, 1 / per_ns});
    }
    moves_left_ = DrawMoves();
  }

  double now() const { return now_; }
  // Core-nanoseconds of demand begun.
  double work() const { return work_; }

  // Begins what takes `demand` on a core of one's own, on so many threads; it is done when all of them are.
  void Compute(int32_t job, double demand, double threads) {
    work_ += demand * threads;
    unfinished_[job] = 1;
    Put(job, core_of_[job], demand * std::min(1.0, threads));
    for (int32_t i = 1; i < threads; ++i) {
      ++unfinished_[job];
      const int32_t thread = jobs_ + i - 1;
      Put(thread, core_of_[thread], demand * std::min(1.0, threads - i));
    }
    Balance();
  }
  // When the next thread is done or moves, if none begins before; infinity when none computes.
  double Due() const { return std::min(done_at_, moves_at_); }
  // Not beyond that.
  void AdvanceTo(double time) {
    paced_ += std::max(0.0, time - now_) * inverse_pace_;
    now_ = std::max(now_, time);
  }
  // Advances to that and returns the job; -1 where it is not done, only one of its threads is, or moved.
  int32_t End() {
    if (moves_at_ < done_at_) {
      AdvanceTo(moves_at_);
      Move();
      Balance();
      return -1;
    }
    now_ = std::max(now_, done_at_);
    paced_ = due_.due();
    const int32_t core = due_.next();
    Core& on = cores_[core];
    const int32_t thread = on.threads.next();
    on.virtual_now = on.threads.due();
    on.since = paced_;
    TakeOff(thread, core);
    Balance();
    const int32_t job = std::min(thread, jobs_ - 1);
    return --unfinished_[job] == 0 ? job : -1;
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr uint64_t kMoves = 0x6d6f7665;
  // Linux balances busy cores at longer intervals (busy_factor of its scheduling domains, and one failure to begin
  // with).
  static constexpr double kOftenWhenBusy = 1.0 / 8;
  static constexpr int32_t kNoTakers = -1;

  struct Pace {
    double slowness = 1, rate = 1;  // paced time per unit of demand, and its inverse
  };
  struct Moves {
    double per_ns, apart_ns;
  };
  struct Core {
    explicit Core(int32_t most) : threads(most) {}

    RunQueue threads;                   // due at a virtual time of the core
    double virtual_now = 0, since = 0;  // and the paced time that it was then
    Pace pace;
  };

  void Put(int32_t thread, int32_t core, double demand) {
    core_of_[thread] = core;
    Core& on = cores_[core];
    Settle(&on);
    on.threads.Add(thread, on.virtual_now + demand);
    const int32_t count = on.threads.count();
    idle_ -= count == 1 ? 1 : 0;
    crowded_ += count == 2 ? 1 : 0;
    CountChanged(core);
  }
  // The core is settled.
  void TakeOff(int32_t thread, int32_t core) {
    Core& on = cores_[core];
    on.threads.Remove(thread);
    const int32_t count = on.threads.count();
    idle_ += count == 0 ? 1 : 0;
    crowded_ -= count == 1 ? 1 : 0;
    CountChanged(core);
  }
  void Settle(Core* core) {
    core->virtual_now += (paced_ - core->since) * core->pace.rate;
    core->since = paced_;
  }
  void CountChanged(int32_t core) {
    Core& on = cores_[core];
    const int32_t count = on.threads.count();
    on.pace = paces_[count];
    due_.Set(core, on.since + (on.threads.due() - on.virtual_now) * on.pace.slowness);
  }

  // The pace of all cores, when the next thread is done, and when one moves.
  void Balance() {
    if (stretch_per_core_ > 0) {
      pace_ = 1 + stretch_per_core_ * std::max(0, static_cast<int32_t>(cores_.size()) - idle_ - 1);
      inverse_pace_ = 1 / pace_;
    }
    done_at_ = now_ + (due_.due() - paced_) * pace_;
    const int32_t takers = crowded_ == 0 ? kNoTakers : idle_;
    if (takers != takers_) SetTakers(takers);
  }
  // A Poisson process whose rate changes: of the moves expected until the next, which are drawn once, so many are left.
  void SetTakers(int32_t takers) {
    if (moves_at_ < kNever) moves_left_ = std::max(0.0, moves_at_ - now_) * moves_of_[takers_].per_ns;
    takers_ = takers;
    moves_at_ = takers == kNoTakers ? kNever : now_ + moves_left_ * moves_of_[takers].apart_ns;
  }

  // The core that has fewest, an idle one if there is, takes one from the core that has most, if that has more.
  void Move() {
    const auto fewer = [](const Core& a, const Core& b) { return a.threads.count() < b.threads.count(); };
    const auto from = static_cast<int32_t>(std::max_element(cores_.begin(), cores_.end(), fewer) - cores_.begin());
    const auto to = static_cast<int32_t>(std::min_element(cores_.begin(), cores_.end(), fewer) - cores_.begin());
    moves_left_ = DrawMoves();
    moves_at_ = kNever;
    takers_ = kNoTakers;
    RunQueue& crowd = cores_[from].threads;
    if (crowd.count() == cores_[to].threads.count()) return;
    const int32_t thread = crowd.at(static_cast<int32_t>(Draw() * crowd.count()));
    Settle(&cores_[from]);
    const double left = std::max(0.0, crowd.due(thread) - cores_[from].virtual_now);
    TakeOff(thread, from);
    Put(thread, to, left);
  }

  double DrawMoves() { return -std::log(Draw()); }
  double Draw() { return Uniform(Hash(kMoves ^ luck_, draws_++)); }

  const int32_t jobs_;
  const uint64_t luck_;
  const double stretch_per_core_;
  std::vector<int32_t> core_of_;  // of each thread
  std::vector<Core> cores_;
  Schedule due_;                     // of each core's next, in paced time
  std::vector<int32_t> unfinished_;  // threads of each job
  std::vector<Pace> paces_;          // by threads on a core
  std::vector<Moves> moves_of_;      // by takers
  int32_t idle_, crowded_ = 0;       // cores without a thread, and with more than one
  int32_t takers_ = kNoTakers;       // cores that will take one: those that are idle, or, 0, any of them
  int64_t draws_ = 0;
  // Paced time runs by 1 / pace: it stretches with the number of busy cores.
  double now_ = 0, paced_ = 0, pace_ = 1, inverse_pace_ = 1, work_ = 0;
  double done_at_ = kNever, moves_at_ = kNever;
  double moves_left_ = 0;  // expected until the next
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_CORE_QUEUES_H_
