#include "harness/engine/device_cuda.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/cuda/device_clock.h"
#include "harness/engine/device_loss.h"
#include "harness/engine/finished_steps.h"
#include "harness/engine/mailbox.h"
#include "harness/engine/tensor_layout.h"
#include "harness/host/host_services.h"
#include "harness/host/thread_place.h"
#include "harness/host/workload.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"
#include "traces/memory_blocks.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr size_t kMostMarks = 16;  // of one step

// What one step in flight has of its own.
struct Slot {
  CudaDriver::Pointer memory = 0;  // of the device
  uint64_t memory_bytes = 0;
  void* pinned = nullptr;  // page-locked, where asked for
  uint64_t pinned_bytes = 0;
  CudaDriver::Event copy_begin = nullptr, step_begin = nullptr, step_end = nullptr;

  struct Mark {
    CudaDriver::Event event = nullptr;
    uint32_t part = 0;  // stage id; 0: the part before ends
  };
  std::array<Mark, kMostMarks> marks;
  size_t mark_count = 0;

  int64_t issued_ns = 0;
  std::array<sp_tensor, SP_MAX_TENSORS> tensors;
  FinishedStep step;
  sp_step_result result;
  char* loss = nullptr;  // kLargestScalarBytes of page-locked memory, for a loss that the step left on the device
};

class CudaDevice : public Device {
 public:
  CudaDevice(const CudaRun& cuda, const Context& context)
      : session_(*cuda.session),
        driver_(cuda.session->driver()),
        issue_times_(cuda.issue_times),
        workload_(context.workload),
        host_(context.host),
        stages_(context.stages),
        limit_bytes_(context.knobs.device_limit_bytes),
        pins_(context.knobs.pin_host_memory),
        slots_(static_cast<size_t>(StepsWithMemory(context.knobs.steps_in_flight))),
        requests_(slots_.size()),
        steps_(context.knobs.steps_in_flight) {}

  absl::Status Begin() {
    losses_ = static_cast<char*>(session_.AllocPinned(slots_.size() * kLargestScalarBytes));
    if (losses_ == nullptr) return absl::ResourceExhaustedError("host memory: there is no page-locked memory left");
    for (Slot& slot : slots_) {
      slot.loss = losses_ + static_cast<size_t>(&slot - slots_.data()) * kLargestScalarBytes;
      for (CudaDriver::Event* event : {&slot.copy_begin, &slot.step_begin, &slot.step_end}) {
        if (absl::Status made = MakeEvent(event); !made.ok()) return made;
      }
      for (Slot::Mark& mark : slot.marks) {
        if (absl::Status made = MakeEvent(&mark.event); !made.ok()) return made;
      }
    }
    if (Recorder* recorder = host_.recorder(); recorder != nullptr) {
      trace::TrackDefinition track;
      track.set_role(trace::TRACK_ROLE_STREAM);
      track.set_name("cuda");
      track.set_device_id(recorder->Device(session_.Describe()));
      stream_ = recorder->AddStream(track);
    }
    host_.PlaceMarks([this](uint32_t part) { Mark(part); });
    waiting_ = std::thread(&CudaDevice::Wait, this);
    return absl::OkStatus();
  }

  ~CudaDevice() override {
    host_.PlaceMarks(nullptr);
    requests_.Close();
    if (waiting_.joinable()) waiting_.join();
    if (!session_.MakeCurrent().ok()) return;
    driver_.StreamSynchronize(session_.stream());
    for (Slot& slot : slots_) {
      for (CudaDriver::Event event : {slot.copy_begin, slot.step_begin, slot.step_end}) Destroy(event);
      for (const Slot::Mark& mark : slot.marks) Destroy(mark.event);
      if (slot.memory != 0) driver_.MemFree(slot.memory);
      session_.FreePinned(slot.pinned);
    }
    session_.FreePinned(losses_);
  }

  absl::Status Launch(Batch* batch) override {
    if (absl::Status fits = AccountMemory(); !fits.ok()) return fits;
    if (absl::Status current = session_.MakeCurrent(); !current.ok()) return current;
    host_.BeginStep();
    Slot& slot = slots_[static_cast<size_t>(launched_) % slots_.size()];
    slot.mark_count = 0;
    slot.step = {.batch = batch};
    slot.issued_ns = MonotonicNs();
    if (issue_times_ != nullptr) issue_times_->Begin(batch->index, slot.issued_ns);
    const absl::Status issued = Issue(*batch, slot);
    if (issue_times_ != nullptr) issue_times_->End(MonotonicNs());
    if (!issued.ok()) return issued;
    ++launched_;
    steps_.NoteLaunch();
    requests_.Put(&slot);
    return absl::OkStatus();
  }

  bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) override {
    return steps_.WaitUntilUnfinished(count, keep_waiting);
  }

  std::optional<FinishedStep> TakeFinished() override { return steps_.Take(); }

 private:
  absl::Status MakeEvent(CudaDriver::Event* event) {
    return driver_.Check("cuEventCreate", driver_.EventCreate(event, CudaDriver::kBlockingSync));
  }
  void Destroy(CudaDriver::Event event) {
    if (event != nullptr) driver_.EventDestroy(event);
  }
  absl::Status Record(CudaDriver::Event event) {
    return driver_.Check("cuEventRecord", driver_.EventRecord(event, session_.stream()));
  }

  absl::Status AccountMemory() {
    ThreadLog* log = ThreadLog::Current();
    if (log == nullptr && limit_bytes_ == 0) return absl::OkStatus();
    const auto used = session_.UsedBytes();
    if (!used.ok()) return used.status();
    const uint64_t before = session_.used_at_first_bytes();
    const uint64_t bytes = *used > before ? *used - before : 0;
    if (log != nullptr) log->Counter(stages_.device_memory, static_cast<double>(bytes));
    if (limit_bytes_ == 0 || bytes <= limit_bytes_) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat("device memory: ", HumanSize(static_cast<double>(bytes)),
                                                     " more are in use than when the run began, the limit is ",
                                                     FormatSize(limit_bytes_),
                                                     "; use a smaller --batch or --steps-in-flight"));
  }

  // The block of the batch, tensors and what lies between them, in one copy.
  absl::Status Copy(const Batch& batch, Slot& slot) {
    const auto* host = static_cast<const char*>(batch.memory.data);
    uint64_t bytes = 0;
    for (int32_t i = 0; i < batch.view.tensor_count; ++i) {
      const sp_tensor& tensor = batch.tensors[static_cast<size_t>(i)];
      bytes =
          std::max(bytes, static_cast<uint64_t>(static_cast<const char*>(tensor.data) - host) + TensorBytes(tensor));
    }
    if (absl::Status room = MakeRoom(bytes, slot); !room.ok()) return room;
    const void* source = host;
    if (pins_ && bytes > 0) {
      StageScope pin(stages_.pin, batch.index);
      memcpy(slot.pinned, host, bytes);
      pin.End(bytes);
      source = slot.pinned;
    }
    if (absl::Status begun = Record(slot.copy_begin); !begun.ok()) return begun;
    if (bytes > 0) {
      StageScope call(stages_.copy_call, batch.index);
      absl::Status copied =
          driver_.Check("cuMemcpyHtoDAsync", driver_.CopyToDevice(slot.memory, source, bytes, session_.stream()));
      if (!copied.ok()) return copied;
      call.End(bytes);
    }
    slot.tensors = batch.tensors;
    for (int32_t i = 0; i < batch.view.tensor_count; ++i) {
      sp_tensor& tensor = slot.tensors[static_cast<size_t>(i)];
      tensor.data = reinterpret_cast<char*>(slot.memory) + (static_cast<const char*>(tensor.data) - host);
    }
    return Record(slot.step_begin);
  }

  // Nothing uses the memory of a slot: the step it was last used for has ended.
  absl::Status MakeRoom(uint64_t bytes, Slot& slot) {
    if (slot.memory_bytes < bytes) {
      if (slot.memory != 0) driver_.MemFree(std::exchange(slot.memory, 0));
      slot.memory_bytes = 0;
      if (absl::Status made = driver_.Check("cuMemAlloc", driver_.MemAlloc(&slot.memory, bytes)); !made.ok())
        return made;
      slot.memory_bytes = bytes;
    }
    if (!pins_ || slot.pinned_bytes >= bytes) return absl::OkStatus();
    session_.FreePinned(std::exchange(slot.pinned, nullptr));
    slot.pinned_bytes = 0;
    slot.pinned = session_.AllocPinned(bytes);
    if (slot.pinned == nullptr) {
      return absl::ResourceExhaustedError(absl::StrCat("host memory: no ", HumanSize(static_cast<double>(bytes)),
                                                       " of page-locked memory are left; record without --pin"));
    }
    slot.pinned_bytes = bytes;
    return absl::OkStatus();
  }

  // Copy, step, and the loss back to the host; what the step itself failed with goes with the step.
  absl::Status Issue(const Batch& batch, Slot& slot) {
    if (absl::Status copied = Copy(batch, slot); !copied.ok()) return copied;
    sp_batch view = batch.view;
    view.tensors = slot.tensors.data();
    slot.result = {.struct_size = sizeof(sp_step_result)};
    ThreadPlace& place = ThreadPlace::Current();
    place.Enter(batch.index, -1, trace::STAGE_KIND_STEP_PART);
    issuing_ = &slot;
    slot.step.status = workload_.Step(view, &slot.result);
    issuing_ = nullptr;
    place.Enter(-1, -1, trace::STAGE_KIND_SAMPLE);
    const size_t loss_bytes = ElementBytes(slot.result.device_loss_dtype);
    if (slot.step.status.ok() && slot.result.device_loss != nullptr && loss_bytes > 0) {
      const auto from = reinterpret_cast<CudaDriver::Pointer>(slot.result.device_loss);
      absl::Status copied =
          driver_.Check("cuMemcpyDtoHAsync", driver_.CopyToHost(slot.loss, from, loss_bytes, session_.stream()));
      if (!copied.ok()) return copied;
    }
    return Record(slot.step_end);
  }

  // [step] Called by the workload while it issues.
  void Mark(uint32_t part) {
    if (issuing_ == nullptr || issuing_->mark_count == kMostMarks) return;
    Slot::Mark& mark = issuing_->marks[issuing_->mark_count];
    mark.part = part;
    if (Record(mark.event).ok()) ++issuing_->mark_count;
  }

  // --- The thread that waits -----------------------------------------------------------------------------------------

  void Wait() {
    prctl(PR_SET_NAME, "device");
    const absl::Status current = session_.MakeCurrent();
    const Slot* last = nullptr;
    while (const std::optional<Slot*> taken = requests_.Take()) {
      Slot& slot = **taken;
      absl::Status ended =
          current.ok() ? driver_.Check("the step on the device", driver_.EventSynchronize(slot.step_end)) : current;
      if (ended.ok()) {
        Place(slot, last, MonotonicNs());
        ReadLoss(slot);
      }
      last = ended.ok() ? &slot : nullptr;
      if (slot.step.status.ok()) slot.step.status = std::move(ended);
      steps_.Add(std::move(slot.step));
    }
  }

  double Between(CudaDriver::Event begin, CudaDriver::Event end) const {
    float milliseconds = 0;
    const int code = driver_.EventElapsedTime(&milliseconds, begin, end);
    return code == cuda_code::kSuccess && milliseconds > 0 ? kNsPerMs * milliseconds : 0;
  }

  // Spans of the copy, the step and its parts. Device times count from the end of the step before, since an elapsed
  // time is a float: exact to a microsecond after seconds, not after hours.
  void Place(const Slot& slot, const Slot* last, int64_t seen_ns) {
    const double copy_begin = device_ns_ + (last != nullptr ? Between(last->step_end, slot.copy_begin) : 0);
    const double step_begin = copy_begin + Between(slot.copy_begin, slot.step_begin);
    const double step_end = step_begin + Between(slot.step_begin, slot.step_end);
    device_ns_ = step_end;
    clock_.NotBefore(copy_begin, slot.issued_ns);
    clock_.NotAfter(step_end, seen_ns);
    if (stream_ == nullptr) return;
    const uint64_t anchor_ticks = TicksAtMonotonic(seen_ns);
    const auto ticks = [&](double device_ns) {
      return anchor_ticks - static_cast<uint64_t>(TicksOfNs(std::max<int64_t>(0, seen_ns - clock_.HostNs(device_ns))));
    };
    const int64_t batch = slot.step.batch->index;
    // Neighbours share their ticks, and a step never begins before the one before it ended.
    const uint64_t copied = std::max(ticks(step_begin), last_end_ticks_);
    const uint64_t ended = std::max(ticks(step_end), copied);
    stream_->Span(stages_.copy, std::max(std::min(ticks(copy_begin), copied), last_end_ticks_), copied, batch);
    for (size_t i = 0; i < slot.mark_count; ++i) {
      if (slot.marks[i].part == 0) continue;
      const auto at = [&](CudaDriver::Event event) {
        return std::clamp(ticks(step_begin + Between(slot.step_begin, event)), copied, ended);
      };
      const uint64_t begin = at(slot.marks[i].event);
      const uint64_t end = i + 1 < slot.mark_count ? at(slot.marks[i + 1].event) : ended;
      stream_->Span(slot.marks[i].part, begin, std::max(begin, end), batch);
    }
    stream_->Span(stages_.step, copied, ended, batch);
    stream_->Heartbeat();
    last_end_ticks_ = ended;
  }

  static void ReadLoss(Slot& slot) {
    FinishedStep& step = slot.step;
    const sp_step_result& result = slot.result;
    step.optimizer_stepped = result.optimizer_stepped != 0;
    step.has_loss = result.has_loss != 0;
    step.loss = result.loss;
    if (result.device_loss == nullptr || !step.status.ok()) return;
    const std::optional<double> loss = ReadScalar(slot.loss, result.device_loss_dtype);
    step.has_loss = loss.has_value();
    step.loss = loss.value_or(0);
  }

  const CudaSession& session_;
  const CudaDriver& driver_;
  IssueTimes* const issue_times_;
  Workload& workload_;
  HostServices& host_;
  const Stages& stages_;
  const uint64_t limit_bytes_;
  const bool pins_;

  std::vector<Slot> slots_;
  char* losses_ = nullptr;
  int64_t launched_ = 0;
  Slot* issuing_ = nullptr;
  Mailbox<Slot*> requests_;
  FinishedSteps steps_;

  // Of the thread that waits.
  ThreadLog* stream_ = nullptr;
  DeviceClock clock_;
  double device_ns_ = 0;
  uint64_t last_end_ticks_ = 0;
  std::thread waiting_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaRun& cuda, const Device::Context& context) {
  auto device = std::make_unique<CudaDevice>(cuda, context);
  if (absl::Status begun = device->Begin(); !begun.ok()) return begun;
  return device;
}

}  // namespace stallpoint
