#include "plugins/support/keyed_random.h"

#include <cmath>

#include "catch.h"

namespace stallpoint::bundled {

TEST_CASE("a draw depends on seed, use and index alone") {
  CHECK(KeyedRandom(1, "size", 7).bits() == KeyedRandom(1, "size", 7).bits());
  CHECK(KeyedRandom(1, "size", 7).bits() != KeyedRandom(2, "size", 7).bits());
  CHECK(KeyedRandom(1, "size", 7).bits() != KeyedRandom(1, "crop", 7).bits());
  CHECK(KeyedRandom(1, "size", 7).bits() != KeyedRandom(1, "size", 8).bits());
}

TEST_CASE("first draws of neighbouring indices are uniform and normal as they should be") {
  double uniform = 0;
  double normal = 0;
  double squares = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    uniform += KeyedRandom(0, "u", i).uniform();
    const double value = KeyedRandom(0, "n", i).normal();
    normal += value;
    squares += value * value;
  }
  CHECK(uniform / kDraws == Approx(0.5).margin(0.005));
  CHECK(normal / kDraws == Approx(0).margin(0.01));
  CHECK(squares / kDraws == Approx(1).margin(0.02));
}

TEST_CASE("a lognormal draw has mean 1 and the sigma it was given") {
  double total = 0;
  double log_squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = KeyedRandom(3, "cost", i).lognormal(0.8);
    total += value;
    log_squares += std::pow(std::log(value) + 0.32, 2);
  }
  CHECK(total / kDraws == Approx(1).margin(0.01));
  CHECK(log_squares / kDraws == Approx(0.64).margin(0.01));
  CHECK(KeyedRandom(3, "cost", 0).lognormal(0) == 1);
}

}  // namespace stallpoint::bundled
