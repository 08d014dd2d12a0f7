#include "tools/program/text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "fmt/core.h"

namespace stallpoint {
namespace {

// The code point that begins at `text[at]` and its length in bytes; length 0 when it is not valid UTF-8.
struct Decoded {
  uint32_t code_point = 0;
  size_t length = 0;
};

Decoded DecodeUtf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return {};
  uint32_t code_point = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code_point < kSmallest[length] || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000))
    return {};
  return {code_point, length};
}

bool MisleadsTerminal(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
         (code_point >= 0x200B && code_point <= 0x200F) || (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2060 && code_point <= 0x206F) || code_point == 0xFEFF;
}

size_t DisplayWidth(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

bool LooksNumeric(std::string_view cell) {
  return cell.empty() || cell == "-" || (cell[0] >= '0' && cell[0] <= '9') ||
         ((cell[0] == '-' || cell[0] == '+') && cell.size() > 1);
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string safe;
  for (size_t i = 0; i < text.size();) {
    const Decoded decoded = DecodeUtf8(text, i);
    if (decoded.length == 0) {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i++]));
      continue;
    }
    if (MisleadsTerminal(decoded.code_point)) {
      safe += decoded.code_point < 0x100 ? fmt::format("\\x{:02x}", decoded.code_point)
                                         : fmt::format("\\u{:04x}", decoded.code_point);
    } else {
      safe += text.substr(i, decoded.length);
    }
    i += decoded.length;
  }
  return safe;
}

std::string Percent(double share) {
  const double percent = share * 100;
  return std::abs(percent) >= 99.95 ? fmt::format("{:.0f} %", percent) : fmt::format("{:.1f} %", percent);
}

std::string OtherPrograms(std::optional<double> cores) {
  constexpr double kFewestCores = 0.1;
  if (!cores || *cores < kFewestCores) return "";
  const std::string busy = fmt::format("{:.2g}", *cores);
  return fmt::format("other programs kept {} {} busy meanwhile", busy, busy == "1" ? "core" : "cores");
}

std::string Milliseconds(double ms) {
  const double magnitude = std::abs(ms);
  if (magnitude >= 10'000) return fmt::format("{:.3g} s", ms / 1e3);
  if (magnitude >= 100) return fmt::format("{:.0f} ms", ms);
  if (magnitude >= 10) return fmt::format("{:.1f} ms", ms);
  if (magnitude >= 0.1 || magnitude == 0) return fmt::format("{:.2f} ms", ms);
  return fmt::format("{:.3g} us", ms * 1e3);
}

std::string Interval(double ms, double low, double high) {
  return fmt::format("{} ({} to {})", Milliseconds(ms), Milliseconds(low), Milliseconds(high));
}

std::string Table::Render(std::string_view indent) const {
  std::vector<size_t> width;
  std::vector<bool> numeric;
  for (size_t r = 0; r < rows_.size(); ++r) {
    width.resize(std::max(width.size(), rows_[r].size()));
    numeric.resize(width.size(), true);
    for (size_t c = 0; c < rows_[r].size(); ++c) {
      width[c] = std::max(width[c], DisplayWidth(rows_[r][c]));
      if (r > 0 && !LooksNumeric(rows_[r][c])) numeric[c] = false;
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(width[c] - DisplayWidth(row[c]), ' ');
      line += numeric[c] ? padding + row[c] : row[c] + padding;
      if (c + 1 < row.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace stallpoint
