// The backend that has CUPTI.
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/cupti/activity_buffers.h"
#include "harness/cupti/activity_decoder.h"
#include "harness/cupti/cupti_library.h"
#include "harness/cupti/cupti_remedy.h"
#include "harness/cupti/device_activity.h"

namespace stallpoint {
namespace {

constexpr int64_t kDeliverNs = 100'000'000;
// CUPTI hands over what is finished so often; a killed run loses less than a second.
constexpr uint32_t kFlushPeriodMs = 250;
// Times of devices are interpolated, and may lie a little before or after what they belong to.
constexpr int64_t kSlackNs = 1'000'000;
// Beyond this many undecoded buffers (256 MiB) the disk does not keep up: records are counted as dropped.
constexpr size_t kMostFilled = 64;

// Without the first there is nothing to record; the others add to it where this version and device have them.
constexpr CUpti_ActivityKind kKinds[] = {
    CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY,
    CUPTI_ACTIVITY_KIND_MEMCPY2,           CUPTI_ACTIVITY_KIND_MEMSET,
    CUPTI_ACTIVITY_KIND_RUNTIME,           CUPTI_ACTIVITY_KIND_SYNCHRONIZATION,
    CUPTI_ACTIVITY_KIND_OVERHEAD,          CUPTI_ACTIVITY_KIND_MEMORY2,
    CUPTI_ACTIVITY_KIND_GRAPH_TRACE,       CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION};

// Called by the thousand, and none of them launches anything or waits.
constexpr CUpti_CallbackId kChatter[] = {
    CUPTI_RUNTIME_TRACE_CBID_cudaGetDevice_v3020,         CUPTI_RUNTIME_TRACE_CBID_cudaSetDevice_v3020,
    CUPTI_RUNTIME_TRACE_CBID_cudaGetLastError_v3020,      CUPTI_RUNTIME_TRACE_CBID_cudaPeekAtLastError_v3020,
    CUPTI_RUNTIME_TRACE_CBID_cudaGetDeviceCount_v3020,    CUPTI_RUNTIME_TRACE_CBID_cudaDeviceGetAttribute_v5000,
    CUPTI_RUNTIME_TRACE_CBID_cudaStreamIsCapturing_v10000};

// Of the driver only what launches, so that a call of the runtime does not appear twice.
constexpr CUpti_CallbackId kLaunchesOfDriver[] = {
    CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx,
    CUPTI_DRIVER_TRACE_CBID_cuMemcpyHtoDAsync_v2, CUPTI_DRIVER_TRACE_CBID_cuMemcpyDtoHAsync_v2,
    CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch};

// CUPTI's callbacks carry nothing of ours and may come late: what they use lives as long as the process.
ActivityBuffers& Buffers() {
  static ActivityBuffers& buffers = *new ActivityBuffers;
  return buffers;
}
std::atomic<uint64_t> dropped_by_cupti{0};
std::atomic<decltype(&cuptiActivityGetNumDroppedRecords)> get_num_dropped{nullptr};
std::atomic<bool> active{false};

uint64_t CUPTIAPI Timestamp() { return static_cast<uint64_t>(MonotonicNs()); }

void CUPTIAPI OnBufferRequested(uint8_t** buffer, size_t* size, size_t* most_records) {
  *buffer = Buffers().Take();
  *size = *buffer != nullptr ? ActivityBuffers::kBytes : 0;
  *most_records = 0;  // as many as fit
}

void CUPTIAPI OnBufferCompleted(CUcontext context, uint32_t stream, uint8_t* buffer, size_t, size_t valid_bytes) {
  size_t dropped = 0;
  if (const auto count = get_num_dropped.load();
      count != nullptr && count(context, stream, &dropped) == CUPTI_SUCCESS) {
    dropped_by_cupti += dropped;
  }
  Buffers().Complete(buffer, valid_bytes);
}

void CUPTIAPI OnCallback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

trace::DeviceDefinition NameByNumber(uint32_t device) {
  trace::DeviceDefinition definition;
  definition.set_kind("cuda");
  definition.set_name(absl::StrCat("cuda:", device));
  return definition;
}

class CuptiActivity : public DeviceActivity {
 public:
  CuptiActivity(Recorder& recorder, CuptiLibrary cupti, Options options)
      : recorder_(recorder),
        cupti_(std::move(cupti)),
        decoder_(
            [next = cupti_.GetNextRecord](uint8_t* buffer, size_t valid_bytes, uint8_t** record) {
              return static_cast<int>(next(buffer, valid_bytes, reinterpret_cast<CUpti_Activity**>(record)));
            },
            [this](bool of_driver, uint32_t call) { return CallName(of_driver, call); }),
        to_recorder_(recorder, issue_times_,
                     options.describe_device ? std::move(options.describe_device) : NameByNumber) {}

  ~CuptiActivity() override { Stop(); }

  absl::Status Subscribe() {
    if (absl::Status held = Check("cuptiSubscribe", cupti_.Subscribe(&subscriber_, OnCallback, nullptr)); !held.ok()) {
      subscriber_ = nullptr;
      return held;
    }
    // Before any kind is enabled: times are CLOCK_MONOTONIC, as those of the host are.
    if (cupti_.RegisterTimestampCallback == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("CUPTI ", CuptiVersionText(cupti_.version), " (", cupti_.path,
                                                        ") has no clock of the user's: use that of CUDA 12 or later"));
    }
    if (absl::Status clock =
            Check("cuptiActivityRegisterTimestampCallback", cupti_.RegisterTimestampCallback(Timestamp));
        !clock.ok()) {
      return clock;
    }
    if (cupti_.SetThreadIdType != nullptr) cupti_.SetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM);
    get_num_dropped = cupti_.GetNumDroppedRecords;
    dropped_by_cupti = 0;
    begin_ns_ = MonotonicNs();
    if (absl::Status registered =
            Check("cuptiActivityRegisterCallbacks", cupti_.RegisterCallbacks(OnBufferRequested, OnBufferCompleted));
        !registered.ok()) {
      return registered;
    }
    return Enable();
  }

  void StartDecoding() {
    // Signals are for the threads of the run.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    decoding_ = std::thread(&CuptiActivity::Decode, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (cupti_.FlushPeriod != nullptr) cupti_.FlushPeriod(kFlushPeriodMs);
  }

  Totals Stop() override {
    if (stopped_) return totals_;
    stopped_ = true;
    if (subscriber_ != nullptr) {
      cupti_.FlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
      for (const CUpti_ActivityKind kind : kKinds) cupti_.Disable(kind);
      cupti_.Unsubscribe(subscriber_);
    }
    if (decoding_.joinable()) {
      stopping_ = true;
      Buffers().Wake();
      decoding_.join();
      ReportLosses();
    }
    get_num_dropped = nullptr;
    active = false;
    return totals_;
  }

  absl::Status Detach() override {
    Stop();
    if (to_recorder_.workers_call()) {
      return absl::FailedPreconditionError(
          "CUPTI stays in the process, since workers call CUDA and may be doing so now: steps remain slower than those "
          "of a run that is not recorded (record --device-work none)");
    }
    return Check("cuptiFinalize", cupti_.Finalize());
  }
  bool can_detach() const override { return cupti_.Finalize != nullptr; }

  IssueTimes& issue_times() override { return issue_times_; }

 private:
  absl::Status Check(const char* call, CUptiResult code) const {
    return code == CUPTI_SUCCESS ? absl::OkStatus() : RefusedByCupti(call, code, cupti_.version);
  }

  absl::Status Enable() {
    for (const CUpti_ActivityKind kind : kKinds) {
      const CUptiResult code = cupti_.Enable(kind);
      if (kind == kKinds[0] && code != CUPTI_SUCCESS) return Check("cuptiActivityEnable", code);
    }
    if (cupti_.EnableRuntimeApi != nullptr) {
      for (const CUpti_CallbackId call : kChatter) cupti_.EnableRuntimeApi(call, 0);
    }
    if (cupti_.EnableDriverApi != nullptr) {
      for (const CUpti_CallbackId call : kLaunchesOfDriver) cupti_.EnableDriverApi(call, 1);
    }
    return absl::OkStatus();
  }

  std::string CallName(bool of_driver, uint32_t call) const {
    const char* name = nullptr;
    const auto domain = of_driver ? CUPTI_CB_DOMAIN_DRIVER_API : CUPTI_CB_DOMAIN_RUNTIME_API;
    if (cupti_.GetCallbackName(domain, call, &name) != CUPTI_SUCCESS || name == nullptr) return "";
    // "cudaLaunchKernel_v7000": the version is CUPTI's, nobody's call has it.
    std::string_view text = name;
    const size_t suffix = text.rfind("_v");
    if (!of_driver && suffix != std::string_view::npos &&
        text.find_first_not_of("0123456789", suffix + 2) == std::string_view::npos) {
      text = text.substr(0, suffix);
    }
    return std::string(text);
  }

  void Decode() {
    pthread_setname_np(pthread_self(), "stallpoint-cupti");
    int64_t delivered_ns = MonotonicNs();
    while (true) {
      const bool last = stopping_;
      const ActivityBuffers::Filled filled = Buffers().Next(last ? 0 : kDeliverNs);
      if (filled.buffer != nullptr) DecodeBuffer(filled);
      const int64_t now_ns = MonotonicNs();
      const bool over = last && filled.buffer == nullptr;
      if (over || now_ns - delivered_ns >= kDeliverNs) {
        to_recorder_.Deliver(over);
        CountLosses();
        delivered_ns = now_ns;
      }
      if (over) return;
    }
  }

  void DecodeBuffer(const ActivityBuffers::Filled& filled) {
    ActivityDecoder::Counts counts;
    if (Buffers().filled() >= kMostFilled) {
      counts = decoder_.Count(filled.buffer, filled.valid_bytes);
      lost_ += counts.others;
    } else {
      counts = decoder_.Decode(filled.buffer, filled.valid_bytes, {begin_ns_ - kSlackNs, MonotonicNs() + kSlackNs},
                               to_recorder_);
    }
    totals_.recorded += counts.records;
    set_aside_ += counts.set_aside;
    Buffers().GiveBack(filled.buffer);
  }

  void CountLosses() {
    lost_ += dropped_by_cupti.exchange(0);
    if (lost_ + set_aside_ > 0) recorder_.CountLost(lost_, set_aside_);
    totals_.dropped += std::exchange(lost_, 0);
    totals_.set_aside += std::exchange(set_aside_, 0);
  }

  void ReportLosses() {
    if (totals_.dropped > 0) {
      recorder_.Log(1,
                    absl::StrCat(totals_.dropped, " records of what the device did were dropped: more than could be ",
                                 "written; they are counted as dropped"));
    }
    if (totals_.set_aside > 0) {
      recorder_.Log(1, absl::StrCat(totals_.set_aside,
                                    " records of what the device did had impossible times and were set aside"));
    }
  }

  Recorder& recorder_;
  const CuptiLibrary cupti_;
  IssueTimes issue_times_;
  ActivityDecoder decoder_;
  DeviceWorkRecorder to_recorder_;
  CUpti_SubscriberHandle subscriber_ = nullptr;
  int64_t begin_ns_ = 0;

  std::thread decoding_;
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
  // The decoding thread's until it has ended.
  uint64_t lost_ = 0, set_aside_ = 0;
  Totals totals_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceActivity>> DeviceActivity::Start(Recorder& recorder, Options options) {
  auto cupti = CuptiLibrary::Load(options.library);
  if (!cupti.ok()) return cupti.status();
  if (active.exchange(true)) {
    return absl::FailedPreconditionError("device work of this process is being recorded already; stop that first");
  }
  // Ends what was begun, whatever fails.
  auto activity = std::make_unique<CuptiActivity>(recorder, *std::move(cupti), std::move(options));
  if (absl::Status subscribed = activity->Subscribe(); !subscribed.ok()) return subscribed;
  activity->StartDecoding();
  return activity;
}

absl::StatusOr<CuptiFound> FindCupti() {
  const auto cupti = CuptiLibrary::Load();
  if (!cupti.ok()) return cupti.status();
  CuptiFound found = {absl::StrCat(CuptiVersionText(cupti->version), " (", cupti->path, ")"), absl::OkStatus()};
  CUpti_SubscriberHandle subscriber = nullptr;
  const CUptiResult code = cupti->Subscribe(&subscriber, OnCallback, nullptr);
  if (code == CUPTI_SUCCESS) {
    cupti->Unsubscribe(subscriber);
  } else {
    found.usable = RefusedByCupti("cuptiSubscribe", code, cupti->version);
  }
  return found;
}

}  // namespace stallpoint
