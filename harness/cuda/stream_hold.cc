#include "harness/cuda/stream_hold.h"

namespace stallpoint {

absl::StatusOr<std::unique_ptr<StreamHold>> StreamHold::Begin(const CudaSession& session,
                                                              std::chrono::nanoseconds at_most) {
  if (absl::Status current = session.MakeCurrent(); !current.ok()) return current;
  std::unique_ptr<StreamHold> hold(new StreamHold(session, at_most));
  const CudaDriver& driver = session.driver();
  const int code = driver.LaunchHostFunction(session.stream(), &StreamHold::OnStream, hold.get());
  if (absl::Status given = driver.Check("cuLaunchHostFunc", code); !given.ok()) return given;
  return hold;
}

StreamHold::~StreamHold() {
  Release();
  if (session_.MakeCurrent().ok()) session_.driver().StreamSynchronize(session_.stream());
}

bool StreamHold::Release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
  return !ran_out_;
}

void StreamHold::OnStream(void* self) {
  auto& hold = *static_cast<StreamHold*>(self);
  std::unique_lock lock(hold.mutex_);
  hold.ran_out_ = !hold.changed_.wait_for(lock, hold.at_most_, [&hold] { return hold.released_; });
}

}  // namespace stallpoint
