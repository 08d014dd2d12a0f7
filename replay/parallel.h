// Independent pieces of work on every core.
#ifndef STALLPOINT_REPLAY_PARALLEL_H_
#define STALLPOINT_REPLAY_PARALLEL_H_

#include <cstddef>
#include <functional>

namespace stallpoint {

// Calls work(i) for i = 0, 1, ... count-1 on `threads` threads, the calling one among them; 0: as many as there are
// cores to use. `keep_going` may be empty; it is asked between pieces, on the calling thread, and told how many are
// done; false ends it. Returns how many were begun from 0 on: all of them are done.
size_t ParallelFor(size_t count, int threads, const std::function<bool(size_t done)>& keep_going,
                   const std::function<void(size_t)>& work);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PARALLEL_H_
