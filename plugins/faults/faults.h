// Faults that every bundled workload can be given by `--set`, so that a diagnosis can be checked against a cause that
// is known.
//
// A workload calls during_read() inside its `read` stage and during_decode() inside `decode`. Both may be called from
// all workers.
#ifndef STALLPOINT_PLUGINS_FAULTS_FAULTS_H_
#define STALLPOINT_PLUGINS_FAULTS_FAULTS_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/options.h"

namespace stallpoint::bundled {

class Faults {
 public:
  // `own` and the options of the faults.
  static plugin::OptionList WithFaults(plugin::OptionList own);

  // One run's faults: what counts samples starts anew.
  Faults(plugin::Host host, const plugin::Options& options, uint64_t seed);

  void during_read(uint64_t index);
  // `name` is the sample's, for the message of a sample that is made bad.
  void during_decode(uint64_t index, const std::string& name) const;

 private:
  void AwaitTurn(int64_t length_ns);
  void Leak() const;
  void HangUntilCancelled() const;

  plugin::Host host_;
  uint64_t seed_;
  int64_t read_latency_ns_, read_turn_ns_;
  int64_t decode_cost_ns_;
  double tail_;
  int64_t bad_sample_;
  int64_t hang_after_;
  int64_t leak_bytes_;
  std::atomic<int64_t> samples_begun_ = 0;
  std::mutex storage_mutex_;
  int64_t storage_free_at_ns_ = 0;
};

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_FAULTS_FAULTS_H_
