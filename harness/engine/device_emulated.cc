#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <deque>

#include "absl/strings/str_cat.h"
#include "harness/engine/device.h"
#include "harness/host/host_services.h"
#include "harness/record/recorder.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// The end of each step is known when it is issued; nothing runs until then, and main sleeps only when it must wait.
class EmulatedDevice : public Device {
 public:
  EmulatedDevice(const DeviceSpec& spec, const Context& context)
      : spec_(spec),
        limit_bytes_(context.knobs.device_limit_bytes),
        accumulation_(std::max(1, context.knobs.accumulation)),
        step_stage_(context.stages.step),
        memory_series_(context.stages.device_memory) {
    Recorder* recorder = context.host.recorder();
    if (recorder == nullptr) return;
    trace::DeviceDefinition device;
    device.set_kind("emulated");
    device.set_name(FormatDevice(spec));
    trace::TrackDefinition track;
    track.set_role(trace::TRACK_ROLE_STREAM);
    track.set_name("emulated");
    track.set_device_id(recorder->Device(device));
    stream_ = recorder->AddStream(track);
  }

  absl::Status Launch(Batch* batch) override {
    const int64_t now_ns = MonotonicNs();
    ForgetFinished(now_ns);
    samples_in_flight_ += batch->samples;
    if (absl::Status fits = AccountMemory(); !fits.ok()) return fits;
    // Spans that touch share their ticks, so that the trace shows neither gaps nor overlaps between them.
    const int64_t busy_ns = spec_.StepNs(batch->samples);
    const bool idle = now_ns >= busy_until_ns_;
    const int64_t begin_ns = idle ? now_ns : busy_until_ns_;
    const uint64_t begin_ticks = idle ? std::max(Ticks(), busy_until_ticks_) : busy_until_ticks_;
    busy_until_ns_ = begin_ns + busy_ns;
    busy_until_ticks_ = begin_ticks + static_cast<uint64_t>(TicksOfNs(busy_ns));
    steps_.push_back({batch, busy_until_ns_, begin_ticks, busy_until_ticks_});
    ++unfinished_;
    return absl::OkStatus();
  }

  bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) override {
    ForgetFinished(MonotonicNs());
    while (unfinished_ > count) {
      const int64_t end_ns = steps_[steps_.size() - static_cast<size_t>(count) - 1].end_ns;
      const int64_t look_up_ns = MonotonicNs() + std::chrono::nanoseconds(kLookUpInterval).count();
      SleepUntil(std::min(end_ns, look_up_ns));
      ForgetFinished(MonotonicNs());
      if (unfinished_ > count && !keep_waiting()) return false;
    }
    return true;
  }

  std::optional<FinishedStep> TakeFinished() override {
    ForgetFinished(MonotonicNs());
    if (steps_.size() == static_cast<size_t>(unfinished_)) return std::nullopt;
    const Step step = steps_.front();
    steps_.pop_front();
    if (stream_ != nullptr) stream_->Span(step_stage_, step.begin_ticks, step.end_ticks, step.batch->index);
    return FinishedStep{.batch = step.batch, .optimizer_stepped = ++taken_ % accumulation_ == 0};
  }

 private:
  struct Step {
    Batch* batch;
    int64_t end_ns;
    uint64_t begin_ticks, end_ticks;
  };

  // To the instant, as a device is. Main alone and only here: loading inline and threads that it starts wait as a
  // worker does, 50 us longer.
  static void SleepUntil(int64_t monotonic_ns) {
    const timespec until = {monotonic_ns / kNsPerSecond, monotonic_ns % kNsPerSecond};
    const int usual_slack_ns = prctl(PR_GET_TIMERSLACK);
    prctl(PR_SET_TIMERSLACK, 1);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
    prctl(PR_SET_TIMERSLACK, usual_slack_ns);
  }

  void ForgetFinished(int64_t now_ns) {
    while (unfinished_ > 0) {
      const Step& oldest = steps_[steps_.size() - static_cast<size_t>(unfinished_)];
      if (oldest.end_ns > now_ns) return;
      samples_in_flight_ -= oldest.batch->samples;
      --unfinished_;
    }
  }

  absl::Status AccountMemory() {
    if (!spec_.base_bytes.has_value() || !spec_.sample_bytes.has_value()) return absl::OkStatus();
    const uint64_t bytes = *spec_.base_bytes + *spec_.sample_bytes * static_cast<uint64_t>(samples_in_flight_);
    if (ThreadLog* log = ThreadLog::Current(); log != nullptr) log->Counter(memory_series_, static_cast<double>(bytes));
    if (limit_bytes_ == 0 || bytes <= limit_bytes_) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat("device memory: ", samples_in_flight_, " samples in flight need ",
                                                     FormatSize(bytes), ", the limit is ", FormatSize(limit_bytes_),
                                                     "; use a smaller --batch or --steps-in-flight"));
  }

  const DeviceSpec spec_;
  const uint64_t limit_bytes_;
  const int64_t accumulation_;
  const uint32_t step_stage_, memory_series_;
  ThreadLog* stream_ = nullptr;

  // Issued and not yet taken; the last `unfinished_` of them have not ended.
  std::deque<Step> steps_;
  int64_t unfinished_ = 0, taken_ = 0, samples_in_flight_ = 0;
  int64_t busy_until_ns_ = 0;
  uint64_t busy_until_ticks_ = 0;
};

}  // namespace

std::unique_ptr<Device> MakeEmulatedDevice(const DeviceSpec& spec, const Device::Context& context) {
  return std::make_unique<EmulatedDevice>(spec, context);
}

}  // namespace stallpoint
