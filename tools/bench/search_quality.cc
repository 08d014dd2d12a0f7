// A search against a look at every setting of the same space, on recorded runs: what each takes and what each finds.
//
// A row a trace: settings, how many of them the search simulated, its wall time and that of the whole space in the same
// process, and by how much what the search would recommend is slower than what the whole space would, and what more
// workers it takes. Then the search alone in a space of a million.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "replay/parallel.h"
#include "replay/search/recommend.h"
#include "replay/search/search.h"
#include "replay/statistics.h"
#include "tools/bench/trace_or_exit.h"

namespace stallpoint {
namespace {

double Seconds(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

struct Recommendations {
  std::optional<Prediction> same_batch, any_batch;
};

Recommendations OfWhole(const Predictor& predictor, const SweepRanges& ranges) {
  const std::vector<Knobs> grid = SettingsOf(predictor.recorded(), ranges);
  std::vector<Prediction> all(grid.size());
  ParallelFor(grid.size(), 0, nullptr, [&](size_t i) { all[i] = predictor.Estimate(grid[i]); });
  const Prediction recorded = predictor.Estimate(predictor.recorded());
  std::vector<const Prediction*> same, any;
  for (const Prediction& p : all) {
    if (!Fits(p)) continue;
    any.push_back(&p);
    if (p.knobs.batch_size == recorded.knobs.batch_size) same.push_back(&p);
  }
  Recommendations found;
  if (!same.empty()) found.same_batch = *Choose(recorded, same);
  if (!any.empty()) found.any_batch = *Choose(recorded, any);
  return found;
}

std::string Compared(const std::optional<Prediction>& whole, const std::optional<SearchAnswer>& found) {
  if (!whole || !found) return whole.has_value() == found.has_value() ? "none" : "MISSED";
  if (whole->knobs == found->chosen.knobs) return "same";
  return fmt::format("{:+.2f} %, {:+} workers", (found->chosen.throughput_per_s / whole->throughput_per_s - 1) * 100,
                     found->chosen.knobs.worker_count - whole->knobs.worker_count);
}

void Row(const std::string& path, const SweepRanges& ranges, const SweepRanges& million, int repeats) {
  const std::unique_ptr<Predictor> predictor = FitOrExit(path);
  SearchResult search, of_million;
  Recommendations whole;
  std::vector<double> search_s, ratios, million_s;
  for (int i = 0; i < repeats; ++i) {
    search_s.push_back(Seconds([&] { search = Search(*predictor, ranges, {}); }));
    ratios.push_back(Seconds([&] { whole = OfWhole(*predictor, ranges); }) / search_s.back());
    million_s.push_back(Seconds([&] { of_million = Search(*predictor, million, {}); }));
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  fmt::print("{:<26} {:>5} of {:<6} {:>7.3f} {:>6.1f} ({:.1f}-{:.1f})  {:<22} {:<22} {:>6} of {:<8} {:>7.2f}\n",
             std::filesystem::path(path).stem().string(), search.simulated, search.settings, Median(search_s),
             Median(ratios), *least, *most, Compared(whole.same_batch, search.same_batch),
             Compared(whole.any_batch, search.any_batch), of_million.simulated, of_million.settings, Median(million_s));
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  CLI::App app("Search against a look at every setting");
  std::vector<std::string> traces;
  std::string batch = "8:128:+8", workers = "0:23", prefetch = "1:6";
  int repeats = 3;
  app.add_option("TRACE", traces)->required();
  app.add_option("--batch", batch);
  app.add_option("--workers", workers);
  app.add_option("--prefetch", prefetch);
  app.add_option("--repeats", repeats);
  CLI11_PARSE(app, argc, argv);
  const SweepRanges ranges = {
      .batch_size = *ParseRange(batch), .worker_count = *ParseRange(workers), .prefetch_depth = *ParseRange(prefetch)};
  const SweepRanges million = {.batch_size = *ParseRange("8:8192:+8"),
                               .worker_count = *ParseRange("0:63"),
                               .prefetch_depth = *ParseRange("1:16")};
  fmt::print("{:<26} {:<15} {:>7} {:<17} {:<22} {:<22} {:<18} {:>7}\n", "trace", "simulated", "s", "whole / search",
             "same batch", "any batch", "of a million", "s");
  for (const std::string& trace : traces) Row(trace, ranges, million, repeats);
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
