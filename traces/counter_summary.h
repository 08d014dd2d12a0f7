// The counters of one probe in figures.
#ifndef STALLPOINT_TRACES_COUNTER_SUMMARY_H_
#define STALLPOINT_TRACES_COUNTER_SUMMARY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "traces/run_record.h"

namespace stallpoint {

struct CounterSummary {
  std::string name;  // without the probe's id
  std::string unit;
  size_t values = 0;  // finite ones; the others are left out
  double mean = 0, most = 0;
};

// By name. Series without a finite value are left out.
std::vector<CounterSummary> SummarizeProbe(const RunRecord& run, const ProbeRecord& probe);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_COUNTER_SUMMARY_H_
