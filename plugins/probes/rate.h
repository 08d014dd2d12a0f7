// A total that only grows, as what it grows by in a second.
#ifndef STALLPOINT_PLUGINS_PROBES_RATE_H_
#define STALLPOINT_PLUGINS_PROBES_RATE_H_

#include <cstdint>
#include <optional>

namespace stallpoint::probes {

class Rate {
 public:
  // Since the call before this one; nothing at the first, without time in between, and when the total went back.
  std::optional<double> per_second(uint64_t total, int64_t now_ns) {
    const uint64_t before = total_;
    const int64_t elapsed_ns = now_ns - at_ns_;
    const bool known = known_ && elapsed_ns > 0 && total >= before;
    known_ = true;
    total_ = total;
    at_ns_ = now_ns;
    if (!known) return std::nullopt;
    return static_cast<double>(total - before) * 1e9 / static_cast<double>(elapsed_ns);
  }

 private:
  bool known_ = false;
  uint64_t total_ = 0;
  int64_t at_ns_ = 0;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_RATE_H_
