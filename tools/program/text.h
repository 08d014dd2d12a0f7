// Text for a terminal: tables, escaping, figures a person can read.
#ifndef STALLPOINT_TOOLS_PROGRAM_TEXT_H_
#define STALLPOINT_TOOLS_PROGRAM_TEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stallpoint {

// Control, escape and bidirectional characters and invalid UTF-8 become \x.. or \u....: safe on a terminal.
std::string Printable(std::string_view text);

// "12.3 %", "4.12 ms", "980 us": three significant figures.
std::string Percent(double share);
std::string Milliseconds(double ms);
// "2.4 ms (2.1 to 2.8)"
std::string Interval(double ms, double low, double high);

// "other programs kept 0.93 cores busy meanwhile"; empty when they took too little to matter, or nobody knows.
std::string OtherPrograms(std::optional<double> cores);

// A table with a header row; cells of a column are aligned, numbers to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Lines end in '\n'; every line begins with `indent`.
  std::string Render(std::string_view indent = "  ") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_TEXT_H_
