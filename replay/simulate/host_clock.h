// Jobs of a host in event time: each computes, reads or waits for one thing at a time.
//
// `Cores` says what computing takes (processor_sharing.h, core_queues.h). Storage serves so many reads at full speed,
// and more of them share it equally, on a virtual clock of its own. Not thread-safe.
#ifndef STALLPOINT_REPLAY_SIMULATE_HOST_CLOCK_H_
#define STALLPOINT_REPLAY_SIMULATE_HOST_CLOCK_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "replay/simulate/schedule.h"

namespace stallpoint {

template <class Cores>
class HostClock {
 public:
  // `streams`: reads that storage serves at a time at full speed, at least one.
  HostClock(int32_t jobs, Cores cores, double streams = kNever)
      : share_per_read_(1 / std::max(1.0, streams)), cores_(std::move(cores)), waiting_(jobs), reading_(jobs) {}

  double now() const { return cores_.now(); }
  // Core-nanoseconds of demand begun.
  double work() const { return cores_.work(); }

  void Compute(int32_t job, double demand, double threads) { cores_.Compute(job, demand, threads); }
  void Wait(int32_t job, double delay) { waiting_.Set(job, now() + delay); }
  // `demand`: what the read takes alone.
  void Read(int32_t job, double demand) {
    reading_.Set(job, storage_virtual_ + demand);
    SetReaders(readers_ + 1);
  }

  // Advances to the end of the next phase and returns its job; -1 when nothing goes on.
  int32_t Next() {
    while (true) {
      const double computed = cores_.Due(), waited = waiting_.due();
      const double first = std::min(computed, waited);
      if (readers_ > 0) {
        const double read = now() + (reading_.due() - storage_virtual_) * storage_slowness_;
        if (read < first) return EndRead(read);
        storage_virtual_ += std::max(0.0, first - now()) / storage_slowness_;
      }
      if (computed > waited) {
        cores_.AdvanceTo(waited);
        const int32_t job = waiting_.next();
        waiting_.Clear(job);
        return job;
      }
      if (computed == kNever) return -1;
      if (const int32_t job = cores_.End(); job >= 0) return job;
    }
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  int32_t EndRead(double read) {
    cores_.AdvanceTo(read);
    storage_virtual_ = reading_.due();
    const int32_t job = reading_.next();
    reading_.Clear(job);
    SetReaders(readers_ - 1);
    return job;
  }
  void SetReaders(int32_t readers) {
    readers_ = readers;
    storage_slowness_ = std::max(1.0, readers * share_per_read_);
  }

  const double share_per_read_;
  Cores cores_;
  double storage_virtual_ = 0, storage_slowness_ = 1;  // time per unit of demand
  int32_t readers_ = 0;
  Schedule waiting_, reading_;  // due at a time, and at a virtual time of the storage
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_HOST_CLOCK_H_
