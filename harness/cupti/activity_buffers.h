// The buffers that CUPTI fills: 4 MiB each, used again, on their way between CUPTI's threads and the one that decodes.
//
// A request is never refused while the machine has memory: CUPTI before CUDA 12.9 crashes when it is. What waits to be
// decoded is bounded by the decoder instead, which skips buffers when too many wait. Any thread, unless said.
#ifndef STALLPOINT_HARNESS_CUPTI_ACTIVITY_BUFFERS_H_
#define STALLPOINT_HARNESS_CUPTI_ACTIVITY_BUFFERS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace stallpoint {

class ActivityBuffers {
 public:
  static constexpr size_t kBytes = 4 << 20;
  static constexpr size_t kAlignment = 8;

  struct Filled {
    uint8_t* buffer = nullptr;  // null: none
    size_t valid_bytes = 0;
  };

  // A buffer of kBytes for CUPTI to fill; null when the machine has no memory left.
  uint8_t* Take();
  // A buffer that was taken comes back with this many bytes of records.
  void Complete(uint8_t* buffer, size_t valid_bytes);

  // [decoder] The oldest filled buffer; waits for one until `timeout_ns` is over or Wake is called.
  Filled Next(int64_t timeout_ns);
  void Wake();
  // [decoder] For CUPTI to take again.
  void GiveBack(uint8_t* buffer);

  size_t filled() const;
  size_t made() const;

 private:
  struct Free {
    void operator()(uint8_t* buffer) const { free(buffer); }
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<uint8_t, Free>> all_;
  std::vector<uint8_t*> idle_;
  std::deque<Filled> filled_;
  bool woken_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_ACTIVITY_BUFFERS_H_
