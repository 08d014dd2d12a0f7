#include "plugins/probes/proc_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace stallpoint::probes {
namespace {

constexpr std::string_view kBlank = " \t";

bool IsNumber(std::string_view word, uint64_t* value) {
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), *value);
  return problem == std::errc() && end == word.data() + word.size();
}

// Takes the first word off `line`; empty at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// The first N words of `line`, all of them numbers.
template <size_t N>
std::optional<std::array<uint64_t, N>> Numbers(std::string_view line) {
  std::array<uint64_t, N> numbers;
  for (uint64_t& number : numbers) {
    if (!IsNumber(TakeWord(line), &number)) return std::nullopt;
  }
  return numbers;
}

// N of "some avg10=0.14 avg60=0.51 avg300=6.25 total=N".
std::optional<uint64_t> Total(std::string_view line) {
  constexpr std::string_view kKey = "total=";
  uint64_t value;
  for (std::string_view word = TakeWord(line); !word.empty(); word = TakeWord(line)) {
    if (word.substr(0, kKey.size()) == kKey && IsNumber(word.substr(kKey.size()), &value)) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ValueOf(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = TakeLine(text);
    if (line.substr(0, key.size()) != key) continue;
    line.remove_prefix(key.size());
    if (line.empty() || (line.front() != ':' && line.front() != ' ')) continue;
    line.remove_prefix(1);
    uint64_t value;
    if (IsNumber(TakeWord(line), &value)) return value;
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Pressure> ParsePressure(std::string_view text) {
  std::optional<uint64_t> some, full;
  while (!text.empty()) {
    std::string_view line = TakeLine(text);
    const std::string_view kind = TakeWord(line);
    if (kind == "some") some = Total(line);
    if (kind == "full") full = Total(line);
  }
  if (!some) return std::nullopt;
  return Pressure{*some, full};
}

std::optional<TaskStat> ParseTaskStat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  text = TakeLine(text);
  const std::string_view state = TakeWord(text);
  // The fields from the fourth on; some are signed, and none of those is wanted.
  for (int field = 4; field < 10; ++field) TakeWord(text);
  std::array<std::string_view, 6> words;  // minflt cminflt majflt cmajflt utime stime
  for (std::string_view& word : words) word = TakeWord(text);
  TaskStat stat;
  if (state.size() != 1 || !IsNumber(words[0], &stat.faults_minor) || !IsNumber(words[2], &stat.faults_major) ||
      !IsNumber(words[4], &stat.user_ticks) || !IsNumber(words[5], &stat.system_ticks)) {
    return std::nullopt;
  }
  stat.state = state.front();
  return stat;
}

std::optional<TaskSchedule> ParseTaskSchedule(std::string_view text) {
  const auto numbers = Numbers<3>(TakeLine(text));
  if (!numbers) return std::nullopt;
  return TaskSchedule{(*numbers)[1], (*numbers)[2]};
}

std::optional<DiskTotals> ParseDiskStats(std::string_view text, unsigned major, unsigned minor) {
  while (!text.empty()) {
    std::string_view line = TakeLine(text);
    uint64_t found_major, found_minor;
    if (!IsNumber(TakeWord(line), &found_major) || !IsNumber(TakeWord(line), &found_minor)) continue;
    if (found_major != major || found_minor != minor) continue;
    TakeWord(line);  // its name
    // reads, merged, sectors, ms; the same of writes; under way, busy ms
    const auto numbers = Numbers<10>(line);
    if (!numbers) return std::nullopt;
    return DiskTotals{(*numbers)[0], (*numbers)[3], (*numbers)[9]};
  }
  return std::nullopt;
}

std::optional<std::string> UnifiedCgroup(std::string_view text) {
  constexpr std::string_view kHead = "0::";
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (line.substr(0, kHead.size()) != kHead) continue;
    const std::string_view path = line.substr(kHead.size());
    if (path.empty() || path.front() != '/') return std::nullopt;
    return std::string(path);
  }
  return std::nullopt;
}

}  // namespace stallpoint::probes
