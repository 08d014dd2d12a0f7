#ifndef STALLPOINT_REPLAY_SCHEDULE_H_
#define STALLPOINT_REPLAY_SCHEDULE_H_

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
  double due(int32_t job) const { return due_[job]; }

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

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SCHEDULE_H_
