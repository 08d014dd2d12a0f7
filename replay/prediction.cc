#include "replay/prediction.h"

#include "fmt/core.h"

namespace stallpoint {

const char* Name(Wait wait) {
  switch (wait) {
    case Wait::kCpu:
      return "cpu";
    case Wait::kIo:
      return "io";
    case Wait::kBlocked:
      return "blocked";
    case Wait::kNone:
      break;
  }
  return "";
}

const char* Name(Bound bound) {
  switch (bound) {
    case Bound::kCompute:
      return "compute";
    case Bound::kData:
      return "data";
    case Bound::kCopy:
      return "copy";
    case Bound::kSync:
      return "sync";
    case Bound::kLaunch:
      return "launch";
    case Bound::kOther:
      return "other";
    case Bound::kMemory:
      return "memory";
  }
  return "other";
}

std::string GainText(const Gain& gain) {
  const int digits = gain.high < 10 ? 2 : 1;
  std::string text = fmt::format("{:.{}f} times the throughput", gain.expected, digits);
  if (gain.low < gain.high) text += fmt::format(" ({:.{}f} to {:.{}f})", gain.low, digits, gain.high, digits);
  return text;
}

}  // namespace stallpoint
