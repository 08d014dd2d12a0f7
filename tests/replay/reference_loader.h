// A loader and a device on shared cores, played out literally: every thread is a script of waits, computing and
// conditions, and time advances to the next end of anything. Slow and simple, to hold the simulator and the cost model
// to account; shares nothing with them but the structures of a setting.
#ifndef STALLPOINT_TESTS_REPLAY_REFERENCE_LOADER_H_
#define STALLPOINT_TESTS_REPLAY_REFERENCE_LOADER_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "replay/simulate/simulator.h"

namespace stallpoint::reference {

struct Interval {
  double begin = 0, end = 0;
};
// A wait, then computing.
struct Phase : Interval {
  double waited = 0;  // when the wait ended
};

// One batch as the reference plays it; nanoseconds.
struct Batch {
  std::vector<std::vector<Demand>> samples;  // phases of each
  Demand collate;
  double own_cpu = 0;  // of the worker, after the samples
  bool opens_epoch = false;
  double receive = 0, launch = 0, step = 0;
  double device_copy = 0;  // by the device, before the step
};

struct Setting {
  int workers = 1, prefetch = 2, steps_in_flight = 2;
  double cores = 1;
  double device_threads = 0;                                         // 0: the device costs no CPU
  double crowding = 0;                                               // as Scenario::crowding
  double migration_delay = 0;                                        // as Scenario's
  uint64_t luck = 1;                                                 // of who moves when
  double storage_streams = std::numeric_limits<double>::infinity();  // as Scenario's
  bool copies_hold_main = false;                                     // as Scenario's
};

struct Played {
  std::vector<StepTimes> steps;
  std::vector<Interval> loads;                          // per batch
  std::vector<std::vector<std::vector<Phase>>> stages;  // per batch, sample, phase
  std::vector<Phase> collates;
  std::vector<Interval> copies;  // per step
};

Played Play(const std::vector<Batch>& batches, const Setting& setting);

}  // namespace stallpoint::reference

#endif  // STALLPOINT_TESTS_REPLAY_REFERENCE_LOADER_H_
