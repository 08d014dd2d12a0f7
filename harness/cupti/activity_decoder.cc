#include "harness/cupti/activity_decoder.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cupti.h"
#include "harness/cupti/cupti_remedy.h"

namespace stallpoint {
namespace {

// CUPTI places records of new versions so that those of an old one are their beginning; these are of CUDA 12.0.
using KernelRecord = CUpti_ActivityKernel9;
using CopyRecord = CUpti_ActivityMemcpy5;
using PeerCopyRecord = CUpti_ActivityMemcpyPtoP4;
using FillRecord = CUpti_ActivityMemset4;
using SynchronizationRecord = CUpti_ActivitySynchronization;
using OverheadRecord = CUpti_ActivityOverhead;
using MemoryRecord = CUpti_ActivityMemory3;
using GraphRecord = CUpti_ActivityGraphTrace;

constexpr ptrdiff_t kAlignment = 8;  // of records

// A field of an enumeration, by its place: what a record holds need not be one of its values.
uint32_t RawAt(const void* record, size_t offset) {
  uint32_t value;
  memcpy(&value, static_cast<const char*>(record) + offset, sizeof(value));
  return value;
}

// The batch index plus one, as the id of a call: see OnStepNamed.
constexpr CUpti_ExternalCorrelationKind kStepId = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2;

const char* DirectionName(uint8_t kind) {
  switch (kind) {
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOD:
      return "memcpy HtoD";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOH:
      return "memcpy DtoH";
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOA:
      return "memcpy HtoA";
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOH:
      return "memcpy AtoH";
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOA:
      return "memcpy AtoA";
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOD:
      return "memcpy AtoD";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOA:
      return "memcpy DtoA";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOD:
      return "memcpy DtoD";
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOH:
      return "memcpy HtoH";
    case CUPTI_ACTIVITY_MEMCPY_KIND_PTOP:
      return "memcpy PtoP";
    default:
      return "memcpy";
  }
}

bool IsHostMemory(uint8_t kind) {
  return kind == CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE || kind == CUPTI_ACTIVITY_MEMORY_KIND_PINNED;
}

// The side on the host decides how fast a copy is, and whether it can be asynchronous at all.
std::string CopyName(const CopyRecord& copy) {
  const uint8_t host = IsHostMemory(copy.srcKind) ? copy.srcKind : copy.dstKind;
  const char* name = DirectionName(copy.copyKind);
  if (!IsHostMemory(host)) return name;
  return absl::StrCat(name, host == CUPTI_ACTIVITY_MEMORY_KIND_PINNED ? " (pinned)" : " (pageable)");
}

const char* SynchronizationName(uint32_t type) {
  switch (type) {
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_EVENT_SYNCHRONIZE:
      return "host waits for event";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_WAIT_EVENT:
      return "stream waits for event";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_SYNCHRONIZE:
      return "host waits for stream";
    case CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_CONTEXT_SYNCHRONIZE:
      return "host waits for device";
    default:
      return "synchronization";
  }
}

const char* OverheadName(uint32_t kind) {
  switch (kind) {
    case 1:
      return "overhead: kernel compilation";
    case 1u << 16:
      return "overhead: CUPTI buffer flush";
    case 2u << 16:
      return "overhead: CUPTI instrumentation";
    case 3u << 16:
      return "overhead: CUPTI resource";
    case 4u << 16:
      return "overhead: module loading";
    case 5u << 16:
      return "overhead: lazy function loading";
    case 6u << 16:
      return "overhead: command buffer full";
    case 7u << 16:
      return "overhead: CUPTI buffer request";
    case 8u << 16:
      return "overhead: unified memory tracing";
    default:
      return "overhead";
  }
}

}  // namespace

// One pass over a buffer.
class ActivityDecoder::Buffer {
 public:
  Buffer(const ActivityDecoder& decoder, uint8_t* begin, size_t valid_bytes, const Session& session)
      : decoder_(decoder), begin_(begin), end_(begin + valid_bytes), session_(session) {}

  // Calls visit(kind) for each record that has one.
  template <typename Visit>
  void ForEach(Visit visit) {
    uint8_t* last = nullptr;
    while (true) {
      record_ = last;
      const int code = decoder_.next_record_(begin_, static_cast<size_t>(end_ - begin_), &record_);
      if (code == cupti_code::kEndOfBuffer) return;
      // After something that is no record there is nothing to go on from.
      const bool advances = record_ >= begin_ && record_ < end_ && (last == nullptr || record_ > last);
      if (code != cupti_code::kSuccess || !advances || (record_ - begin_) % kAlignment != 0 ||
          RecordAs<CUpti_Activity>() == nullptr) {
        ++counts.set_aside;
        return;
      }
      last = record_;
      visit(RawAt(record_, offsetof(CUpti_Activity, kind)));
    }
  }

  void Tell(uint32_t kind, DeviceWorkSink& sink) {
    switch (kind) {
      case CUPTI_ACTIVITY_KIND_KERNEL:
      case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
        return TellWork<KernelRecord>(sink, [](const KernelRecord& kernel, DeviceWork& work) {
          OnStream(kernel, work);
          work.name = kernel.name != nullptr ? kernel.name : "kernel";
        });
      case CUPTI_ACTIVITY_KIND_MEMCPY:
        return TellWork<CopyRecord>(sink, [this](const CopyRecord& copy, DeviceWork& work) {
          OnStream(copy, work);
          work.bytes = copy.bytes;
          work.name = text_ = CopyName(copy);
        });
      case CUPTI_ACTIVITY_KIND_MEMCPY2:
        return TellWork<PeerCopyRecord>(sink, [](const PeerCopyRecord& copy, DeviceWork& work) {
          OnStream(copy, work);
          work.bytes = copy.bytes;
          work.name = DirectionName(copy.copyKind);
        });
      case CUPTI_ACTIVITY_KIND_MEMSET:
        return TellWork<FillRecord>(sink, [](const FillRecord& fill, DeviceWork& work) {
          OnStream(fill, work);
          work.bytes = fill.bytes;
          work.name = "memset";
        });
      case CUPTI_ACTIVITY_KIND_GRAPH_TRACE:
        return TellWork<GraphRecord>(sink, [this](const GraphRecord& graph, DeviceWork& work) {
          OnStream(graph, work);
          work.name = text_ = absl::StrCat("graph ", graph.graphId);
        });
      case CUPTI_ACTIVITY_KIND_RUNTIME:
      case CUPTI_ACTIVITY_KIND_DRIVER:
        return TellWork<CUpti_ActivityAPI>(sink, [this](const CUpti_ActivityAPI& call, DeviceWork& work) {
          const bool of_driver = RawAt(&call, offsetof(CUpti_ActivityAPI, kind)) == CUPTI_ACTIVITY_KIND_DRIVER;
          work.kind = DeviceWork::Kind::kCall;
          work.thread = call.threadId;
          work.correlation = call.correlationId;
          text_ = decoder_.call_name_(of_driver, call.cbid);
          if (text_.empty()) text_ = absl::StrCat(of_driver ? "driver" : "runtime", " call ", call.cbid);
          work.name = text_;
        });
      case CUPTI_ACTIVITY_KIND_SYNCHRONIZATION:
        return TellWork<SynchronizationRecord>(sink, [](const SynchronizationRecord& wait, DeviceWork& work) {
          work.kind = DeviceWork::Kind::kSynchronization;
          work.correlation = wait.correlationId;
          work.name = SynchronizationName(RawAt(&wait, offsetof(SynchronizationRecord, type)));
        });
      case CUPTI_ACTIVITY_KIND_OVERHEAD:
        return TellWork<OverheadRecord>(sink, [](const OverheadRecord& overhead, DeviceWork& work) {
          work.kind = DeviceWork::Kind::kOverhead;
          work.name = OverheadName(RawAt(&overhead, offsetof(OverheadRecord, overheadKind)));
        });
      case CUPTI_ACTIVITY_KIND_MEMORY2:
        return TellMemory(sink);
      case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
        return TellStep(sink);
      default:
        ++counts.others;
    }
  }

  Counts counts;

 private:
  // The record, or null when not all of it lies inside the buffer.
  template <typename Record>
  const Record* RecordAs() const {
    return static_cast<size_t>(end_ - record_) >= sizeof(Record) ? reinterpret_cast<const Record*>(record_) : nullptr;
  }

  template <typename Record>
  static void OnStream(const Record& record, DeviceWork& work) {
    work.device = record.deviceId;
    work.context = record.contextId;
    work.stream = record.streamId;
    work.correlation = record.correlationId;
  }

  bool Possible(uint64_t begin_ns, uint64_t end_ns) const {
    return begin_ns <= end_ns && begin_ns >= static_cast<uint64_t>(session_.begin_ns) &&
           end_ns <= static_cast<uint64_t>(session_.end_ns);
  }

  template <typename Record, typename Fill>
  void TellWork(DeviceWorkSink& sink, Fill fill) {
    const Record* record = RecordAs<Record>();
    if (record == nullptr || !Possible(record->start, record->end)) {
      ++counts.set_aside;
      return;
    }
    DeviceWork work;
    work.begin_ns = static_cast<int64_t>(record->start);
    work.end_ns = static_cast<int64_t>(record->end);
    fill(*record, work);
    sink.OnWork(work);
    ++counts.records;
  }

  void TellMemory(DeviceWorkSink& sink) {
    const MemoryRecord* record = RecordAs<MemoryRecord>();
    if (record == nullptr || !Possible(record->timestamp, record->timestamp) || record->bytes > INT64_MAX) {
      ++counts.set_aside;
      return;
    }
    const uint32_t kind = RawAt(record, offsetof(MemoryRecord, memoryKind));
    const uint32_t operation = RawAt(record, offsetof(MemoryRecord, memoryOperationType));
    const bool on_device = kind == CUPTI_ACTIVITY_MEMORY_KIND_DEVICE ||
                           kind == CUPTI_ACTIVITY_MEMORY_KIND_DEVICE_STATIC || kind == CUPTI_ACTIVITY_MEMORY_KIND_ARRAY;
    const auto bytes = static_cast<int64_t>(record->bytes);
    const bool taken = operation == CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION;
    const bool given = operation == CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_RELEASE;
    if (!on_device || !(taken || given)) {
      ++counts.others;
      return;
    }
    sink.OnMemory({record->deviceId, static_cast<int64_t>(record->timestamp), taken ? bytes : -bytes});
    ++counts.records;
  }

  void TellStep(DeviceWorkSink& sink) {
    const auto* record = RecordAs<CUpti_ActivityExternalCorrelation>();
    if (record == nullptr) {
      ++counts.set_aside;
      return;
    }
    ++counts.others;
    if (RawAt(record, offsetof(CUpti_ActivityExternalCorrelation, externalKind)) != kStepId ||
        record->externalId == 0 || record->externalId > INT64_MAX)
      return;
    sink.OnStepNamed(record->correlationId, static_cast<int64_t>(record->externalId) - 1);
  }

  const ActivityDecoder& decoder_;
  uint8_t* const begin_;
  uint8_t* const end_;
  const Session session_;
  uint8_t* record_ = nullptr;
  std::string text_;  // of the record at hand
};

ActivityDecoder::ActivityDecoder(NextRecord next_record, CallName call_name)
    : next_record_(std::move(next_record)), call_name_(std::move(call_name)) {}

ActivityDecoder::Counts ActivityDecoder::Decode(uint8_t* buffer, size_t valid_bytes, const Session& session,
                                                DeviceWorkSink& sink) {
  Buffer pass(*this, buffer, valid_bytes, session);
  pass.ForEach([&](uint32_t kind) { pass.Tell(kind, sink); });
  return pass.counts;
}

ActivityDecoder::Counts ActivityDecoder::Count(uint8_t* buffer, size_t valid_bytes) {
  Buffer pass(*this, buffer, valid_bytes, {});
  pass.ForEach([&](uint32_t) { ++pass.counts.others; });
  return pass.counts;
}

}  // namespace stallpoint
