#include "harness/cupti/device_work_recorder.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

constexpr size_t kMostLaunches = 1 << 18;
constexpr size_t kMostWaiting = 1 << 17;
constexpr size_t kMostNames = 1 << 16;
constexpr int kMostDeliveries = 8;
// Rows that anyone would look at; what comes after shares one.
constexpr size_t kMostTracks = 1024;
constexpr uint32_t kFurther = UINT32_MAX;

std::string Demangle(const std::string& name) {
  if (!name.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&free)> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                     &free);
  return status == 0 && plain ? std::string(plain.get()) : name;
}

}  // namespace

DeviceWorkRecorder::DeviceWorkRecorder(Recorder& recorder, const IssueTimes& issue_times,
                                       DescribeDevice describe_device)
    : recorder_(recorder), issue_times_(issue_times), describe_device_(std::move(describe_device)) {}

void DeviceWorkRecorder::OnWork(const DeviceWork& work) {
  LinkedSpan span;
  span.track_id = TrackOf(work);
  span.name_id = NameOf(work.name);
  span.begin_ticks = ticks_.At(work.begin_ns);
  span.end_ticks = ticks_.At(work.end_ns);
  span.correlation = work.correlation;
  span.bytes = work.bytes;
  if (work.kind == DeviceWork::Kind::kOverhead || work.correlation == 0) return AddReady(span);
  const auto launched = launches_.find(work.correlation);
  if (work.kind == DeviceWork::Kind::kCall) {
    const bool loads = ThreadOf(work.thread).loads;
    const bool named = launched != launches_.end() && launched->second >= 0;
    span.batch = named ? launched->second : loads ? -1 : issue_times_.BatchAt(work.begin_ns);
    NoteLaunch(work.correlation, span.batch);
    return AddReady(span);
  }
  if (launched != launches_.end()) {
    span.batch = launched->second;
    return AddReady(span);
  }
  waiting_.push_back({span});
  if (waiting_.size() <= kMostWaiting) return;
  AddReady(waiting_.front().span);
  waiting_.pop_front();
}

void DeviceWorkRecorder::OnMemory(const DeviceMemoryChange& change) {
  Memory& memory = memory_[change.device];
  if (memory.series == 0) {
    memory.series = recorder_.Series(absl::StrCat("cuda:", change.device, " memory allocated"), "bytes");
  }
  if (__builtin_add_overflow(memory.bytes, change.bytes, &memory.bytes)) memory.bytes = 0;
  // What was allocated before recording began is released without having been seen.
  memory.bytes = std::max<int64_t>(0, memory.bytes);
  recorder_.CounterAt(memory.series, ticks_.At(change.time_ns), static_cast<double>(memory.bytes));
}

void DeviceWorkRecorder::OnStepNamed(uint32_t correlation, int64_t batch) {
  if (correlation != 0) NoteLaunch(correlation, batch);
}

void DeviceWorkRecorder::Deliver(bool last) {
  ticks_.TakeSnapshot();
  for (size_t left = waiting_.size(); left > 0; --left) {
    WaitingSpan waiting = waiting_.front();
    waiting_.pop_front();
    const auto launched = launches_.find(static_cast<uint32_t>(waiting.span.correlation));
    if (launched != launches_.end()) waiting.span.batch = launched->second;
    if (launched != launches_.end() || last || ++waiting.deliveries == kMostDeliveries) {
      AddReady(waiting.span);
    } else {
      waiting_.push_back(waiting);
    }
  }
  SendReady();
}

bool DeviceWorkRecorder::workers_call() const {
  return std::any_of(threads_.begin(), threads_.end(), [](const auto& thread) { return thread.second.loads; });
}

void DeviceWorkRecorder::NoteLaunch(uint32_t correlation, int64_t batch) {
  const auto [launch, added] = launches_.try_emplace(correlation, batch);
  launch->second = batch;
  if (!added) return;
  launches_in_order_.push_back(correlation);
  if (launches_in_order_.size() <= kMostLaunches) return;
  launches_.erase(launches_in_order_.front());
  launches_in_order_.pop_front();
}

// The recorder takes so many between two flushes; this thread can wait for one.
void DeviceWorkRecorder::AddReady(const LinkedSpan& span) {
  ready_.push_back(span);
  if (ready_.size() < kMostLinkedSpans / 2) return;
  SendReady();
  recorder_.Flush();
}

void DeviceWorkRecorder::SendReady() {
  recorder_.AddLinkedSpans(ready_);
  ready_.clear();
}

uint32_t DeviceWorkRecorder::TrackOf(const DeviceWork& work) {
  const auto other = [this](uint32_t& track_id, const char* name) {
    if (track_id != 0) return track_id;
    trace::TrackDefinition track;
    track.set_role(trace::TRACK_ROLE_OTHER);
    track.set_name(name);
    return track_id = recorder_.AddTrack(std::move(track));
  };
  switch (work.kind) {
    case DeviceWork::Kind::kOnStream:
      return StreamTrack(work.device, work.context, work.stream);
    case DeviceWork::Kind::kCall:
      return ThreadOf(work.thread).track_id;
    case DeviceWork::Kind::kSynchronization:
      return other(synchronization_track_, "CUDA synchronization");
    case DeviceWork::Kind::kOverhead:
      break;
  }
  return other(overhead_track_, "CUDA overhead");
}

uint32_t DeviceWorkRecorder::StreamTrack(uint32_t device, uint32_t context, uint32_t stream) {
  if (streams_.size() >= kMostTracks) context = stream = kFurther;
  const auto [track_id, added] = streams_.try_emplace({device, context, stream});
  if (!added) return track_id->second;
  trace::TrackDefinition track;
  track.set_role(trace::TRACK_ROLE_STREAM);
  // A process has one context per device, nearly always.
  const auto first = streams_.lower_bound({device, 0, 0});
  const bool further = std::get<1>(first->first) != context;
  track.set_name(
      absl::StrCat("cuda:", device, " stream ", stream, further ? absl::StrCat(" of context ", context) : ""));
  track.set_device_id(DeviceId(device));
  return track_id->second = recorder_.AddTrack(std::move(track));
}

const DeviceWorkRecorder::Thread& DeviceWorkRecorder::ThreadOf(uint32_t os_thread_id) {
  if (threads_.size() >= kMostTracks) os_thread_id = kFurther;
  const auto [thread, added] = threads_.try_emplace(os_thread_id);
  if (!added) return thread->second;
  trace::TrackDefinition track;
  track.set_role(trace::TRACK_ROLE_OTHER);
  track.set_os_thread_id(os_thread_id);
  track.set_name(absl::StrCat("CUDA calls of thread ", os_thread_id));
  for (const TrackProgress& known : recorder_.Progress()) {
    if (known.track.os_thread_id() != os_thread_id || known.track.role() == trace::TRACK_ROLE_OTHER) continue;
    track.set_name(absl::StrCat("CUDA calls of ", known.track.name()));
    thread->second.loads = known.track.role() == trace::TRACK_ROLE_WORKER;
  }
  thread->second.track_id = recorder_.AddTrack(std::move(track));
  return thread->second;
}

uint32_t DeviceWorkRecorder::DeviceId(uint32_t device) {
  const auto [id, added] = devices_.try_emplace(device);
  if (added) id->second = recorder_.Device(describe_device_(device));
  return id->second;
}

uint32_t DeviceWorkRecorder::NameOf(std::string_view name) {
  std::string text(name);
  const auto found = names_.find(text);
  if (found != names_.end()) return found->second;
  const uint32_t id = recorder_.Intern(Demangle(text));
  if (names_.size() < kMostNames) names_.emplace(std::move(text), id);
  return id;
}

}  // namespace stallpoint
