// CUPTI records made by hand, in a buffer that a library walks: each takes the room that this library gives its kind.
#ifndef STALLPOINT_TESTS_HARNESS_CUPTI_RECORDS_H_
#define STALLPOINT_TESTS_HARNESS_CUPTI_RECORDS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "cupti.h"
#include "harness/cupti/activity_decoder.h"

namespace stallpoint {

class RecordBuffer {
 public:
  explicit RecordBuffer(decltype(&cuptiActivityGetNextRecord) next) : next_(next) {}

  template <typename Record>
  void Add(const Record& record) {
    const size_t bytes = BytesOf(record.kind);
    // A library older than its headers gives less room; the end of the record is then not written.
    const size_t at = words_.size();
    words_.resize(at + (bytes + 7) / 8);
    memcpy(&words_[at], &record, std::min(bytes, sizeof(record)));
  }
  uint8_t* data() { return reinterpret_cast<uint8_t*>(words_.data()); }
  size_t bytes() const { return 8 * words_.size(); }

  ActivityDecoder::NextRecord Walk() const {
    return [next = next_](uint8_t* buffer, size_t valid_bytes, uint8_t** record) {
      return static_cast<int>(next(buffer, valid_bytes, reinterpret_cast<CUpti_Activity**>(record)));
    };
  }

 private:
  // What lies between two records of this kind.
  size_t BytesOf(CUpti_ActivityKind kind) {
    size_t& bytes = bytes_[kind];
    if (bytes != 0) return bytes;
    std::vector<uint64_t> probe(512);
    for (size_t word = 1; word < 256; ++word) {
      memset(probe.data(), 0, 8 * probe.size());
      memcpy(&probe[0], &kind, sizeof(kind));
      memcpy(&probe[word], &kind, sizeof(kind));
      CUpti_Activity* record = nullptr;
      auto* begin = reinterpret_cast<uint8_t*>(probe.data());
      if (next_(begin, 8 * probe.size(), &record) != CUPTI_SUCCESS) break;
      if (next_(begin, 8 * probe.size(), &record) != CUPTI_SUCCESS) continue;
      return bytes = static_cast<size_t>(reinterpret_cast<uint8_t*>(record) - begin);
    }
    throw std::runtime_error("this libcupti does not walk records of kind " + std::to_string(kind));
  }

  const decltype(&cuptiActivityGetNextRecord) next_;
  std::map<CUpti_ActivityKind, size_t> bytes_;
  std::vector<uint64_t> words_;
};

// Records as a device would leave them; the rest is zero.
inline CUpti_ActivityKernel9 KernelRecordOf(const char* name, int64_t begin_ns, int64_t end_ns, uint32_t correlation,
                                            uint32_t stream = 7) {
  CUpti_ActivityKernel9 record = {};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = name;
  record.start = static_cast<uint64_t>(begin_ns);
  record.end = static_cast<uint64_t>(end_ns);
  record.correlationId = correlation;
  record.contextId = 1;
  record.streamId = stream;
  return record;
}

inline CUpti_ActivityMemcpy5 CopyRecordOf(uint8_t direction, uint8_t from, uint8_t to, uint64_t bytes, int64_t begin_ns,
                                          int64_t end_ns, uint32_t correlation) {
  CUpti_ActivityMemcpy5 record = {};
  record.kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  record.copyKind = direction;
  record.srcKind = from;
  record.dstKind = to;
  record.bytes = bytes;
  record.start = static_cast<uint64_t>(begin_ns);
  record.end = static_cast<uint64_t>(end_ns);
  record.correlationId = correlation;
  record.contextId = 1;
  record.streamId = 7;
  return record;
}

inline CUpti_ActivityAPI CallRecordOf(CUpti_ActivityKind kind, uint32_t call, uint32_t thread, int64_t begin_ns,
                                      int64_t end_ns, uint32_t correlation) {
  CUpti_ActivityAPI record = {};
  record.kind = kind;
  record.cbid = call;
  record.threadId = thread;
  record.start = static_cast<uint64_t>(begin_ns);
  record.end = static_cast<uint64_t>(end_ns);
  record.correlationId = correlation;
  return record;
}

inline CUpti_ActivityMemory3 MemoryRecordOf(CUpti_ActivityMemoryOperationType operation, uint64_t bytes,
                                            int64_t time_ns) {
  CUpti_ActivityMemory3 record = {};
  record.kind = CUPTI_ACTIVITY_KIND_MEMORY2;
  record.memoryOperationType = operation;
  record.memoryKind = CUPTI_ACTIVITY_MEMORY_KIND_DEVICE;
  record.bytes = bytes;
  record.timestamp = static_cast<uint64_t>(time_ns);
  return record;
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_HARNESS_CUPTI_RECORDS_H_
