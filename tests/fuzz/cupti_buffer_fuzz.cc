// A CUPTI buffer to plain work: any records in any order, cut anywhere, walked by something that may lie about where
// the next one begins. Names are pointers into CUPTI, which no bytes can stand for: they are given.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "cupti.h"
#include "harness/cupti/activity_decoder.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

constexpr stallpoint::ActivityDecoder::Session kSession = {1, int64_t{1} << 60};

struct Checked : stallpoint::DeviceWorkSink {
  void OnWork(const stallpoint::DeviceWork& work) override {
    Require(work.begin_ns <= work.end_ns && work.begin_ns >= kSession.begin_ns && work.end_ns <= kSession.end_ns);
    Require(!work.name.empty());
    ++told;
  }
  void OnMemory(const stallpoint::DeviceMemoryChange& change) override {
    Require(change.time_ns >= kSession.begin_ns && change.time_ns <= kSession.end_ns);
    ++told;
  }
  void OnStepNamed(uint32_t, int64_t batch) override { Require(batch >= 0); }
  uint64_t told = 0;
};

// Records follow each other as they do in CUPTI's buffers, but for those of kinds that it has not: they say themselves,
// rightly or not, in words, how long they are.
size_t BytesOf(const uint8_t* record) {
  uint32_t kind;
  memcpy(&kind, record, sizeof(kind));
  switch (kind) {
    case CUPTI_ACTIVITY_KIND_KERNEL:
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
      return sizeof(CUpti_ActivityKernel9);
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      return sizeof(CUpti_ActivityMemcpy5);
    case CUPTI_ACTIVITY_KIND_MEMSET:
      return sizeof(CUpti_ActivityMemset4);
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      return sizeof(CUpti_ActivityAPI);
    case CUPTI_ACTIVITY_KIND_SYNCHRONIZATION:
      return sizeof(CUpti_ActivitySynchronization);
    case CUPTI_ACTIVITY_KIND_MEMORY2:
      return sizeof(CUpti_ActivityMemory3);
    default:
      return 8 * size_t{record[4]};
  }
}

int Next(uint8_t* buffer, size_t valid_bytes, uint8_t** record) {
  constexpr int kEndOfBuffer = 12;
  uint8_t* next = *record == nullptr ? buffer : *record + BytesOf(*record);
  if (next + sizeof(uint64_t) > buffer + valid_bytes) return kEndOfBuffer;
  *record = next;
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // Exactly as long as the input, so that a read beyond it is seen; aligned as CUPTI's buffers are.
  std::vector<uint64_t> words((size + 7) / 8);
  std::copy(data, data + size, reinterpret_cast<uint8_t*>(words.data()));
  auto* const bytes = reinterpret_cast<uint8_t*>(words.data());
  size = 8 * words.size();
  for (size_t at = 0; at + sizeof(CUpti_ActivityKernel9) <= size; at += 8) {
    auto* kernel = reinterpret_cast<CUpti_ActivityKernel9*>(bytes + at);
    uint32_t kind;
    memcpy(&kind, bytes + at, sizeof(kind));
    const bool is_kernel = kind == CUPTI_ACTIVITY_KIND_KERNEL || kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
    if (is_kernel) kernel->name = kernel->cacheConfig.both % 2 == 0 ? nullptr : "_Z4gemmPf";
  }
  stallpoint::ActivityDecoder decoder(Next, [](bool, uint32_t call) { return call % 2 == 0 ? "" : "call"; });
  Checked sink;
  const auto counts = decoder.Decode(bytes, size, kSession, sink);
  Require(counts.records == sink.told);
  const auto counted = decoder.Count(bytes, size);
  Require(counted.others + counted.set_aside == counts.records + counts.set_aside + counts.others);
  return 0;
}
