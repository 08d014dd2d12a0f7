#include "plugins/synthetic/stage_cost.h"

#include <algorithm>
#include <cstring>

#include "plugins/support/keyed_random.h"
#include "plugins/support/spend.h"

namespace stallpoint::synthetic {

using bundled::KeyedRandom;

plugin::OptionList Variation::options() {
  return {{"distribution", "lognormal", "of the stages' costs: constant, lognormal or bimodal"},
          {"sigma", "0", "lognormal: sigma of the costs, their means kept"},
          {"slow_share", "0.1", "bimodal: share of samples that are slow"},
          {"slow_factor", "10", "bimodal: how many times slower they are than the others"}};
}

Variation::Variation(const plugin::Options& options)
    : distribution_(static_cast<Distribution>(options.choice("distribution", {"constant", "lognormal", "bimodal"}))),
      sigma_(options.number("sigma", 0, 5)),
      slow_share_(options.number("slow_share", 0, 1)),
      slow_factor_(options.number("slow_factor", 1, 1e6)) {}

double Variation::factor(uint64_t seed, const std::string& stage, uint64_t index) const {
  if (distribution_ == kConstant) return 1;
  KeyedRandom random(seed, stage, index);
  if (distribution_ == kLognormal) return random.lognormal(sigma_);
  const double fast = 1 / (1 - slow_share_ + slow_share_ * slow_factor_);
  return random.uniform() < slow_share_ ? fast * slow_factor_ : fast;
}

plugin::OptionList StageCost::options(const std::string& stage, const std::string& cpu, const std::string& sleep) {
  return {{stage + "_cpu", cpu, "CPU time burnt in `" + stage + "`, per sample"},
          {stage + "_sleep", sleep, "time waited in `" + stage + "`, per sample"},
          {stage + "_bytes", "0", "bytes really read in `" + stage + "` from a generated file, per sample"},
          {stage + "_traffic", "0", "bytes copied through memory in `" + stage + "`, per sample"}};
}

StageCost::StageCost(const plugin::Options& options, const std::string& stage)
    : stage_(stage),
      cpu_ns_(options.time_ns(stage + "_cpu")),
      sleep_ns_(options.time_ns(stage + "_sleep")),
      read_bytes_(options.size_bytes(stage + "_bytes")),
      traffic_bytes_(options.size_bytes(stage + "_traffic")) {}

namespace {

void CopyThroughMemory(plugin::Host host, size_t bytes, WorkerBuffers& buffers) {
  constexpr size_t kChunk = size_t{1} << 20;
  const size_t half = buffers.traffic.size() / 2;
  std::byte* from = buffers.traffic.data();
  while (bytes > 0) {
    if (buffers.traffic_at == half) buffers.traffic_at = 0;
    const size_t chunk = std::min({bytes, kChunk, half - buffers.traffic_at});
    std::memcpy(from + half + buffers.traffic_at, from + buffers.traffic_at, chunk);
    buffers.traffic_at += chunk;
    bytes -= chunk;
    host.check_cancelled();
  }
}

}  // namespace

uint64_t StageCost::Spend(plugin::Host host, const Variation& variation, uint64_t seed, uint64_t index,
                          const ScratchFile* file, WorkerBuffers& buffers) const {
  const double factor = variation.factor(seed, stage_, index);
  const auto scaled = [factor](int64_t mean) { return static_cast<int64_t>(static_cast<double>(mean) * factor); };

  bundled::Sleep(host, scaled(sleep_ns_));
  uint64_t read = 0;
  if (read_bytes_ > 0) {
    const auto bytes = static_cast<uint64_t>(scaled(read_bytes_));
    read = file->Read(KeyedRandom(seed, stage_ + " offset", index).bits(), bytes, buffers.read);
  }
  if (traffic_bytes_ > 0) CopyThroughMemory(host, scaled(traffic_bytes_), buffers);
  bundled::BurnCpu(host, scaled(cpu_ns_));
  return read;
}

}  // namespace stallpoint::synthetic
