// Keeps a device busy without work: what the session's stream, and the default stream with it, is given while it is
// held begins only when the stream is let go.
//
// Lets go by itself when its time is over, so that whoever waits for the device meanwhile does not wait for ever.
#ifndef STALLPOINT_HARNESS_CUDA_STREAM_HOLD_H_
#define STALLPOINT_HARNESS_CUDA_STREAM_HOLD_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "harness/cuda/session.h"

namespace stallpoint {

class StreamHold {
 public:
  // Holds the stream as soon as it has done what it was given before. `session` must outlive the hold.
  static absl::StatusOr<std::unique_ptr<StreamHold>> Begin(const CudaSession& session,
                                                           std::chrono::nanoseconds at_most);
  // Lets go, and waits for the stream.
  ~StreamHold();
  StreamHold(const StreamHold&) = delete;
  StreamHold& operator=(const StreamHold&) = delete;

  // Lets the stream go on. False: it already did, its time was over. [any]
  bool Release();

 private:
  StreamHold(const CudaSession& session, std::chrono::nanoseconds at_most) : session_(session), at_most_(at_most) {}
  static void OnStream(void* self);

  const CudaSession& session_;
  const std::chrono::nanoseconds at_most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false, ran_out_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUDA_STREAM_HOLD_H_
