// Protobuf messages between a run's parent and its child: one message per packet of a SOCK_SEQPACKET pair, which keeps
// their bounds and never delivers half of one.
//
// Sending may be done by any thread; receiving by one at a time.
#ifndef STALLPOINT_HARNESS_RUN_MESSAGE_SOCKET_H_
#define STALLPOINT_HARNESS_RUN_MESSAGE_SOCKET_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class MessageLite;
}

namespace stallpoint {

class MessageSocket {
 public:
  // Takes the descriptor.
  explicit MessageSocket(int descriptor) : descriptor_(descriptor) {}
  MessageSocket() = default;
  ~MessageSocket() { Close(); }
  MessageSocket(MessageSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  MessageSocket& operator=(MessageSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  // Two connected ends, closed on exec.
  static absl::StatusOr<std::pair<MessageSocket, MessageSocket>> Pair();

  int descriptor() const { return descriptor_; }
  void Close();

  // Waits while the other end is slow, but not for one that is gone (Unavailable).
  absl::Status Send(const google::protobuf::MessageLite& message) const;
  // Drops the message instead of waiting.
  void SendIfRoom(const google::protobuf::MessageLite& message) const;
  // Waits for a message; false when the other end is gone.
  absl::StatusOr<bool> Receive(google::protobuf::MessageLite* message) const;

 private:
  int descriptor_ = -1;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_MESSAGE_SOCKET_H_
