// Random draws keyed by what they are for (seed, use, index, pass over the data set), never by the order of calls:
// whatever thread loads a sample, and whenever, it gets the same numbers.
#ifndef STALLPOINT_PLUGINS_SUPPORT_KEYED_RANDOM_H_
#define STALLPOINT_PLUGINS_SUPPORT_KEYED_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace stallpoint::bundled {

class KeyedRandom {
 public:
  KeyedRandom(uint64_t seed, std::string_view use, uint64_t index, int64_t pass = 0) {
    uint64_t use_hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : use) use_hash = (use_hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    state_ = Mix(Mix(Mix(seed) ^ use_hash) ^ index) + Mix(static_cast<uint64_t>(pass));
  }

  uint64_t bits() { return Mix(state_ += 0x9e3779b97f4a7c15); }
  // In [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Lognormal with mean 1.
  double lognormal(double sigma) { return sigma == 0 ? 1 : std::exp(sigma * normal() - sigma * sigma / 2); }

 private:
  static uint64_t Mix(uint64_t x) {  // splitmix64's finaliser
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  uint64_t state_;
};

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_KEYED_RANDOM_H_
