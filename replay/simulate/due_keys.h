#ifndef STALLPOINT_REPLAY_SIMULATE_DUE_KEYS_H_
#define STALLPOINT_REPLAY_SIMULATE_DUE_KEYS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace stallpoint {

// When a job is due and which one it is, in one number, so that the first of several is found by comparing them and
// without a branch: branches on random times are what no processor predicts. A key is a time with the number of the job
// in its last few bits. So of 16 jobs those due within 2^-48 of each other, 0.4 ps in 100 s, may come in another order.
class DueKeys {
 public:
  // Jobs are numbered 0 ... jobs-1.
  explicit DueKeys(int32_t jobs) : mask_(std::bit_ceil(static_cast<size_t>(std::max(1, jobs))) - 1) {}

  // Later than any time. Its job is the last that there is place for.
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

  // `due`: not negative, may be infinite.
  uint64_t Of(double due, int32_t job) const {
    return (std::bit_cast<uint64_t>(due) & ~mask_) | static_cast<uint64_t>(job);
  }
  int32_t JobOf(uint64_t key) const { return static_cast<int32_t>(key & mask_); }
  // By value: a compiler makes a branch of references to memory.
  static uint64_t First(uint64_t a, uint64_t b) { return b < a ? b : a; }

  // A power of two.
  size_t places() const { return mask_ + 1; }

 private:
  const uint64_t mask_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_DUE_KEYS_H_
