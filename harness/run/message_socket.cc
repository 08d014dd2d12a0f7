#include "harness/run/message_socket.h"

#include <google/protobuf/message_lite.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

// Requests hold options and paths, results hold warnings: far below this.
constexpr size_t kLargestMessage = 160 << 10;

ssize_t SendRetrying(int descriptor, const std::string& bytes, int flags) {
  ssize_t sent;
  do sent = send(descriptor, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

absl::StatusOr<std::pair<MessageSocket, MessageSocket>> MessageSocket::Pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return absl::ErrnoToStatus(errno, "socketpair");
  return std::pair(MessageSocket(ends[0]), MessageSocket(ends[1]));
}

void MessageSocket::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

absl::Status MessageSocket::Send(const google::protobuf::MessageLite& message) const {
  const std::string bytes = message.SerializeAsString();
  if (bytes.size() > kLargestMessage) {
    return absl::InvalidArgumentError(absl::StrCat("a message to the run takes ", bytes.size(),
                                                   " bytes, expected at most ", kLargestMessage,
                                                   "; shorten the --set options"));
  }
  if (SendRetrying(descriptor_, bytes, 0) >= 0) return absl::OkStatus();
  return absl::UnavailableError(absl::ErrnoToStatus(errno, "sending to the other process of the run").message());
}

void MessageSocket::SendIfRoom(const google::protobuf::MessageLite& message) const {
  SendRetrying(descriptor_, message.SerializeAsString(), MSG_DONTWAIT);
}

absl::StatusOr<bool> MessageSocket::Receive(google::protobuf::MessageLite* message) const {
  std::string bytes(kLargestMessage, '\0');
  ssize_t got;
  do got = recv(descriptor_, bytes.data(), bytes.size(), 0);
  while (got < 0 && errno == EINTR);
  if (got == 0 || (got < 0 && errno == ECONNRESET)) return false;
  if (got < 0) return absl::ErrnoToStatus(errno, "receiving from the other process of the run");
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(got))) {
    return absl::DataLossError(absl::StrCat("the other process of the run sent ", got,
                                            " bytes that are no message; are "
                                            "stallpoint and stallpoint-run of the same version?"));
  }
  return true;
}

}  // namespace stallpoint
