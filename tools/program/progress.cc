#include "tools/program/progress.h"

#include <cstdio>

#include "fmt/core.h"

namespace stallpoint {

void ProgressLine::Show(const std::string& text) {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(100)) return;
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
  drawn_ = true;
  last_ = now;
}

void ProgressLine::Show(const std::string& what, const RunProgress& progress) {
  if (!shown_) return;
  std::string line = fmt::format("{}: {}", what, progress.doing);
  if (progress.steps_done > 0) {
    line += progress.steps_total > 0 ? fmt::format(", step {} of {}", progress.steps_done, progress.steps_total)
                                     : fmt::format(", step {}", progress.steps_done);
    line += fmt::format(", {:.4g} samples/s", progress.samples_per_s);
    if (progress.has_loss) line += fmt::format(", loss {:.4g}", progress.loss);
    if (progress.steps_total > progress.steps_done) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun_;
      const double left = elapsed.count() / progress.steps_done * (progress.steps_total - progress.steps_done);
      line += fmt::format(", {:.0f} s left", left);
    }
  }
  Show(line);
}

void ProgressLine::Clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace stallpoint
