// A pseudo-random permutation of 0 .. n-1 that costs no memory and no set-up: each element is computed on its own.
//
// A Feistel network over the smallest power of two that holds n, walked until it lands inside. The start of a pass over
// a hundred million samples is therefore as cheap as any other step. Immutable; any thread.
#ifndef STALLPOINT_HARNESS_ENGINE_PERMUTATION_H_
#define STALLPOINT_HARNESS_ENGINE_PERMUTATION_H_

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace stallpoint {

// SplitMix64's finalizer: every bit of the result depends on every bit of `x`.
constexpr uint64_t MixBits(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Permutation {
 public:
  // REQUIRES: n >= 1.
  Permutation(uint64_t seed, uint64_t pass, uint64_t n) : n_(n) {
    const int bits = n <= 4 ? 2 : std::bit_width(n - 1);
    low_bits_ = bits / 2;
    high_bits_ = bits - low_bits_;
    for (size_t round = 0; round < kRounds; ++round) {
      keys_[round] = MixBits(MixBits(MixBits(seed) ^ pass) + round);
    }
  }

  uint64_t size() const { return n_; }

  // REQUIRES: i < size().
  uint64_t operator[](uint64_t i) const {
    uint64_t x = i;
    do x = Scramble(x);
    while (x >= n_);
    return x;
  }

 private:
  static constexpr size_t kRounds = 6;

  // The halves swap places, and with them their widths, in every round; after an even number they are back.
  uint64_t Scramble(uint64_t x) const {
    int left_bits = high_bits_, right_bits = low_bits_;
    for (const uint64_t key : keys_) {
      const uint64_t right = x & ((uint64_t{1} << right_bits) - 1);
      const uint64_t left = x >> right_bits;
      const uint64_t mixed = (left ^ MixBits(right ^ key)) & ((uint64_t{1} << left_bits) - 1);
      x = right << left_bits | mixed;
      std::swap(left_bits, right_bits);
    }
    return x;
  }

  uint64_t n_;
  int low_bits_, high_bits_;
  std::array<uint64_t, kRounds> keys_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_PERMUTATION_H_
