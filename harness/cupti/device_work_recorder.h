// Puts what a device did into the trace: a track per stream, a track per thread that calls CUDA, the memory of each
// device as a series, and each span with the step it belongs to.
//
// A span on a stream gets the step of the call that launched it. Buffers come in any order, so that a span whose call
// is not known yet waits for it through eight deliveries (a second or two), then goes into the trace without a step.
// One thread at a time, but for what IssueTimes allows.
#ifndef STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_RECORDER_H_
#define STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_RECORDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "harness/cupti/device_work.h"
#include "harness/cupti/issue_times.h"
#include "harness/cupti/recorder_ticks.h"
#include "harness/record/recorder.h"

namespace stallpoint {

class DeviceWorkRecorder : public DeviceWorkSink {
 public:
  // What a device is; by its number.
  using DescribeDevice = std::function<trace::DeviceDefinition(uint32_t device)>;

  // All that is passed must outlive the object.
  DeviceWorkRecorder(Recorder& recorder, const IssueTimes& issue_times, DescribeDevice describe_device);

  void OnWork(const DeviceWork& work) override;
  void OnMemory(const DeviceMemoryChange& change) override;
  void OnStepNamed(uint32_t correlation, int64_t batch) override;

  // Hands over to the recorder what is ready. May wait for the disk. To be called several times a second; `last`: what
  // still waits for its call goes without.
  void Deliver(bool last);

  // Whether a worker of the loader was seen to call CUDA.
  bool workers_call() const;

 private:
  struct WaitingSpan {
    LinkedSpan span;
    int deliveries = 0;
  };
  struct Thread {
    uint32_t track_id = 0;
    bool loads = false;  // a worker's calls belong to no step
  };

  uint32_t TrackOf(const DeviceWork& work);
  uint32_t StreamTrack(uint32_t device, uint32_t context, uint32_t stream);
  const Thread& ThreadOf(uint32_t os_thread_id);
  uint32_t DeviceId(uint32_t device);
  uint32_t NameOf(std::string_view name);
  void NoteLaunch(uint32_t correlation, int64_t batch);
  void AddReady(const LinkedSpan& span);
  void SendReady();

  Recorder& recorder_;
  const IssueTimes& issue_times_;
  const DescribeDevice describe_device_;
  RecorderTicks ticks_;

  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> streams_;  // device, context, stream: track
  std::map<uint32_t, Thread> threads_;
  std::map<uint32_t, uint32_t> devices_;
  uint32_t synchronization_track_ = 0, overhead_track_ = 0;
  absl::flat_hash_map<std::string, uint32_t> names_;
  struct Memory {
    uint32_t series = 0;
    int64_t bytes = 0;
  };
  std::map<uint32_t, Memory> memory_;

  absl::flat_hash_map<uint32_t, int64_t> launches_;  // correlation: batch
  std::deque<uint32_t> launches_in_order_;
  std::deque<WaitingSpan> waiting_;
  std::vector<LinkedSpan> ready_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_DEVICE_WORK_RECORDER_H_
