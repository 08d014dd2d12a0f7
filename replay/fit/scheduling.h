// How a host's threads get their cores, beyond what they have to do there. Plain data; any thread.
#ifndef STALLPOINT_REPLAY_FIT_SCHEDULING_H_
#define STALLPOINT_REPLAY_FIT_SCHEDULING_H_

#include "replay/fit/crowding.h"

namespace stallpoint {

// A few ticks: what `tools/bench/placement` shows of Linux 6.18 at HZ 250 on 2 cores.
inline constexpr double kUsualMigrationDelayNs = 12e6;

struct Scheduling {
  // Mean time until an idle core takes a thread that waits on another (core_queues.h).
  double migration_delay_ns = kUsualMigrationDelayNs;
  Crowding crowding;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_SCHEDULING_H_
