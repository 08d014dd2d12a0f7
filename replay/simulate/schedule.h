#ifndef STALLPOINT_REPLAY_SIMULATE_SCHEDULE_H_
#define STALLPOINT_REPLAY_SIMULATE_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "replay/simulate/due_keys.h"

namespace stallpoint {

// When each job is due, and which is next: a tournament (Knuth, "The Art of Computer Programming", vol. 3, 5.4.1) of
// keys. The times themselves are exact.
class Schedule {
 public:
  explicit Schedule(int32_t jobs) : keys_(jobs), winners_(2 * keys_.places()), due_(keys_.places(), kNever) {
    const size_t leaves = keys_.places();
    for (size_t job = 0; job < leaves; ++job) winners_[leaves + job] = keys_.Of(kNever, static_cast<int32_t>(job));
    for (size_t place = leaves - 1; place > 0; --place) {
      winners_[place] = DueKeys::First(winners_[2 * place], winners_[2 * place + 1]);
    }
  }

  int32_t next() const { return keys_.JobOf(winners_[1]); }
  double due() const { return due_[next()]; }  // infinity when no job is
  double due(int32_t job) const { return due_[job]; }

  void Set(int32_t job, double due) {
    due_[job] = due;
    uint64_t winner = keys_.Of(due, job);
    for (size_t place = keys_.places() + static_cast<size_t>(job); place > 1; place /= 2) {
      winners_[place] = winner;
      winner = DueKeys::First(winner, winners_[place ^ 1]);
    }
    winners_[1] = winner;
  }
  void Clear(int32_t job) { Set(job, kNever); }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  const DueKeys keys_;
  std::vector<uint64_t> winners_;  // of places 2i and 2i+1 is in i; job j begins in places() + j
  std::vector<double> due_;        // of each job
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_SCHEDULE_H_
