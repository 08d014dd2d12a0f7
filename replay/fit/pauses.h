// Pauses of the machine: a virtual machine that is not run for a second, a laptop that sleeps.
//
// Whatever a thread does then takes as long as the pause; it happens to each thread once, and it is no cost of the
// work. It shows as a few values that lie apart from all others. Storage with a heavy tail has no such gap: the
// largest of a thousand log-normal values of sigma 1 is five times the second largest in one of four hundred runs.
// Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_FIT_PAUSES_H_
#define STALLPOINT_REPLAY_FIT_PAUSES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stallpoint {

// How many values of a run two pauses may have made, of so many.
size_t MostPaused(int32_t workers, size_t values);

// The largest of the values that no pause made: above it are at most `most`, all of them more than five times as large.
// Infinity when there are no such.
double LongestUnpaused(std::vector<double> values, size_t most);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_PAUSES_H_
