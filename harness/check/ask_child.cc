#include "harness/check/ask_child.h"

#include <poll.h>

#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "harness/record/clock.h"
#include "harness/run/child_process.h"
#include "traces/text.h"

namespace stallpoint {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// The innermost frame outside the C library and a sanitizer's: ", in Reader::load() (reader.so)".
std::string WhereItCrashed(const std::string& stack) {
  for (const std::string_view line : Split(stack, '\n')) {
    constexpr std::string_view kFrame = "    @ ";
    if (!line.starts_with(kFrame)) continue;
    const bool of_system = line.find("(libc.so") != std::string_view::npos ||
                           line.find("(libtsan.so") != std::string_view::npos ||
                           line.find("(libasan.so") != std::string_view::npos;
    if (of_system) continue;
    return absl::StrCat(", in ", std::string(line.substr(kFrame.size())));
  }
  return "";
}

}  // namespace

absl::StatusOr<ChildAnswer> AskChild(const run::ToChild& question, int64_t timeout_ns,
                                     const std::atomic<bool>& cancel) {
  auto child = ChildProcess::Start();
  if (!child.ok()) return child.status();
  if (absl::Status sent = child->socket().Send(question); !sent.ok() && !absl::IsUnavailable(sent)) return sent;

  ChildAnswer answer;
  for (const int64_t until_ns = MonotonicNs() + timeout_ns; MonotonicNs() < until_ns;) {
    if (cancel.load(std::memory_order_relaxed)) return absl::CancelledError("cancelled");
    pollfd ready = {child->socket().descriptor(), POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    const auto received = child->socket().Receive(&answer.message);
    if (!received.ok()) return received.status();
    if (*received) return answer;
    const std::optional<int> ended = child->WaitFor(kSecond);
    const int status = ended.has_value() ? *ended : child->KillAndWait();
    answer.crash = absl::StrCat(ChildProcess::HowItEnded(status), WhereItCrashed(child->CrashStack()));
    return answer;
  }
  return answer;
}

}  // namespace stallpoint
