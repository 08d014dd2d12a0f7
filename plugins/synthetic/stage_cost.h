// What one stage of the synthetic workload costs a sample, and how that varies between samples.
#ifndef STALLPOINT_PLUGINS_SYNTHETIC_STAGE_COST_H_
#define STALLPOINT_PLUGINS_SYNTHETIC_STAGE_COST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/synthetic/scratch_file.h"
#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/options.h"

namespace stallpoint::synthetic {

// How a cost varies around its mean.
class Variation {
 public:
  static plugin::OptionList options();
  explicit Variation(const plugin::Options& options);

  // Of the sample's cost in this stage; its mean over samples is 1.
  double factor(uint64_t seed, const std::string& stage, uint64_t index) const;

 private:
  enum Distribution : size_t { kConstant, kLognormal, kBimodal };
  Distribution distribution_;
  double sigma_;
  double slow_share_;
  double slow_factor_;
};

// Memory of one worker that stages work on.
struct WorkerBuffers {
  std::vector<std::byte> traffic;  // copied from its first half to its second
  size_t traffic_at = 0;
  std::vector<std::byte> read;
};

class StageCost {
 public:
  // Options are named `<stage>_cpu` and so on; `defaults` of cpu and sleep.
  static plugin::OptionList options(const std::string& stage, const std::string& cpu, const std::string& sleep);
  StageCost(const plugin::Options& options, const std::string& stage);

  bool reads() const { return read_bytes_ > 0; }
  bool moves_memory() const { return traffic_bytes_ > 0; }

  // Waits, reads, copies and computes for sample `index`; returns how many bytes it read. `file` may be null unless
  // reads().
  uint64_t Spend(plugin::Host host, const Variation& variation, uint64_t seed, uint64_t index, const ScratchFile* file,
                 WorkerBuffers& buffers) const;

 private:
  std::string stage_;
  int64_t cpu_ns_;
  int64_t sleep_ns_;
  int64_t read_bytes_;
  int64_t traffic_bytes_;
};

}  // namespace stallpoint::synthetic

#endif  // STALLPOINT_PLUGINS_SYNTHETIC_STAGE_COST_H_
