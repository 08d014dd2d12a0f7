// Builds RunRecords for tests: a truth (what samples, batches and steps really cost) is played out by the reference
// loader and recorded as a recorder would, with CPU time, run-queue wait and the times of every batch and iteration.
#ifndef STALLPOINT_TESTS_REPLAY_RUN_BUILDER_H_
#define STALLPOINT_TESTS_REPLAY_RUN_BUILDER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "replay/simulate/demand_tape.h"
#include "traces/run_record.h"

namespace stallpoint::testing {

struct Truth {
  std::vector<std::string> stages = {"read", "decode"};
  // Demand of one sample, a phase per stage; `random` for what differs from draw to draw.
  std::function<std::vector<Demand>(uint64_t key, std::mt19937_64& random)> sample;
  int64_t dataset_samples = 116;
  Demand collate = {0, 100e3};  // per batch
  double own_cpu_ns = 20e3, receive_ns = 50e3, launch_ns = 100e3;
  double step_fixed_ns = 2e6, step_sample_ns = 1e6;
  double copy_fixed_ns = 0, copy_sample_ns = 0;   // by the device; none where both are 0
  double launch_sample_ns = 0;                    // besides launch_ns: copying into page-locked memory, with --pin
  bool copies_hold_main = false;                  // the device's
  double first_launch_ns = 0, first_step_ns = 0;  // beyond a usual one
  double step_noise = 0;                          // standard deviation of the logarithm
  double cores = 2;
  double crowding = 0;         // lost while more threads can run than there are cores
  double migration_delay = 0;  // until an idle core takes a thread from another; 0: one queue for all cores
  // Reads that storage serves at a time.
  double storage_streams = std::numeric_limits<double>::infinity();
  // The kernel counts what comes from storage: all that a "read" which waits reads. Else nobody does.
  bool counts_storage = false;
  // Of a whole run, standard deviations of the logarithm.
  double cpu_speed_noise = 0, wait_noise = 0;
  // How many times as long as usual a worker computes for its batch of a round; none: as usual.
  std::function<double(int32_t worker, int64_t round)> slowness;
  bool syncs_each_step = false;  // main waits for every step whatever the knobs say
};

struct RunSpec {
  Knobs knobs;
  int64_t steps = 200;
  int64_t epochs = 0;  // instead of steps
  uint64_t luck = 1;   // of everything that is not the sampler's order
  RunRecord::Role role = RunRecord::Role::kMain;
};

RunRecord Record(const Truth& truth, const RunSpec& spec);

// A truth whose read waits and whose decode computes, in milliseconds.
Truth ReadAndDecode(double read_wait_ms, double decode_cpu_ms);
Knobs EmulatedKnobs(int64_t batch_size, int32_t workers, const std::string& device = "emulated:launch=2ms,sample=1ms");

// A run that is bound by something else for every seed: storage, cores, the device, or nearly all of them.
RunRecord RandomRun(uint64_t seed);

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_REPLAY_RUN_BUILDER_H_
