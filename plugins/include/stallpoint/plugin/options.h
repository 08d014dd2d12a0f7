// `--set KEY=VALUE` options, declared once with their defaults and read typed.
//
//   const OptionList kOptions = {{"decode_cpu", "500us", "CPU time to decode a sample"}, ...};
//   int64_t decode_ns = Options(host, kOptions).time_ns("decode_cpu");
//
// A text that does not parse throws SP_INVALID_ARGUMENT, which names the option, what was found and what was expected.
#ifndef STALLPOINT_PLUGIN_OPTIONS_H_
#define STALLPOINT_PLUGIN_OPTIONS_H_

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"

namespace stallpoint::plugin {

struct Option {
  std::string key;
  std::string default_value;
  std::string help;  // one line
};
using OptionList = std::vector<Option>;

class Options {
 public:
  Options(Host host, OptionList declared) : host_(host), declared_(std::move(declared)) {}

  // As given, or the default.
  std::string text(const std::string& key) const {
    for (const Option& option : declared_) {
      if (option.key != key) continue;
      const char* given = host_.option(key);
      return given != nullptr ? given : option.default_value;
    }
    throw Error(SP_INTERNAL, "option " + key + " is read but not declared in describe()");
  }

  // Nanoseconds: "20ms", "1.5s", "300us", "80ns", "0".
  int64_t time_ns(const std::string& key) const {
    const auto [value, unit] = NumberAndUnit(key, "a time such as 20ms, 1.5s, 300us or 0");
    for (const auto& [name, ns] : kTimeUnits) {
      if (unit == name) return Checked(key, value * ns);
    }
    if (unit.empty() && value == 0) return 0;
    Refuse(key, "a time with a unit: ns, us, ms, s or min");
  }

  // Bytes: "64KiB", "8GiB", "1MB", "4096".
  int64_t size_bytes(const std::string& key) const {
    const auto [value, unit] = NumberAndUnit(key, "a size such as 64KiB, 8GiB, 1MB or 4096");
    for (const auto& [name, bytes] : kSizeUnits) {
      if (unit == name) return Checked(key, value * bytes);
    }
    Refuse(key, "a size in B, kB, MB, GB, TB, KiB, MiB, GiB or TiB");
  }

  int64_t integer(const std::string& key, int64_t least = std::numeric_limits<int64_t>::min(),
                  int64_t most = std::numeric_limits<int64_t>::max()) const {
    const std::string given = text(key);
    int64_t value = 0;
    const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (problem != std::errc() || end != given.data() + given.size()) Refuse(key, "a whole number");
    if (value < least || value > most) Refuse(key, Between(least, most));
    return value;
  }

  double number(const std::string& key, double least = -std::numeric_limits<double>::infinity(),
                double most = std::numeric_limits<double>::infinity()) const {
    const auto [value, unit] = NumberAndUnit(key, "a number");
    if (!unit.empty()) Refuse(key, "a number without a unit");
    if (value < least || value > most) Refuse(key, Between(least, most));
    return value;
  }

  // "1", "true", "yes", "on" and their opposites.
  bool flag(const std::string& key) const {
    const std::string given = text(key);
    for (const std::string_view yes : {"1", "true", "yes", "on"}) {
      if (given == yes) return true;
    }
    for (const std::string_view no : {"0", "false", "no", "off"}) {
      if (given == no) return false;
    }
    Refuse(key, "0 or 1");
  }

  // One of `allowed`: its place among them.
  size_t choice(const std::string& key, std::initializer_list<std::string_view> allowed) const {
    const std::string given = text(key);
    std::string expected = "one of";
    size_t place = 0;
    for (const std::string_view word : allowed) {
      if (given == word) return place;
      expected.append(" ").append(word);
      ++place;
    }
    Refuse(key, expected);
  }

  [[noreturn]] void Refuse(const std::string& key, const std::string& expected) const {
    throw Error(SP_INVALID_ARGUMENT, "option " + key + ": found '" + text(key) + "', expected " + expected);
  }

 private:
  static constexpr std::pair<std::string_view, double> kTimeUnits[] = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}};
  static constexpr std::pair<std::string_view, double> kSizeUnits[] = {
      {"", 1},      {"B", 1},       {"kB", 1e3},        {"MB", 1e6},           {"GB", 1e9},
      {"TB", 1e12}, {"KiB", 1024.}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};

  std::pair<double, std::string> NumberAndUnit(const std::string& key, const std::string& expected) const {
    const std::string given = text(key);
    double value = 0;
    const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (problem != std::errc() || !std::isfinite(value)) Refuse(key, expected);
    return {value, std::string(end, given.data() + given.size())};
  }

  int64_t Checked(const std::string& key, double value) const {
    if (value < 0 || value > 9e18) Refuse(key, "a value from 0 to 9e18");
    return std::llround(value);
  }

  template <typename Number>
  static std::string Between(Number least, Number most) {
    if (most == std::numeric_limits<Number>::max() || (std::is_floating_point_v<Number> && std::isinf(most))) {
      return "at least " + Text(least);
    }
    return Text(least) + " to " + Text(most);
  }

  static std::string Text(int64_t value) { return std::to_string(value); }
  static std::string Text(double value) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  }

  Host host_;
  OptionList declared_;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_OPTIONS_H_
