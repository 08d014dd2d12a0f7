// What the probes saw beside a stall, as lines of evidence.
#ifndef STALLPOINT_REPLAY_DIAGNOSE_PROBE_EVIDENCE_H_
#define STALLPOINT_REPLAY_DIAGNOSE_PROBE_EVIDENCE_H_

#include <string>

#include "traces/run_record.h"
#include "traces/run_summary.h"

namespace stallpoint {

// Of a stage that waits for storage: whether threads were blocked on a disk meanwhile, and how the data's disk
// answered. Empty when the probe `storage` did not look often enough in the window.
std::string StorageEvidence(const RunRecord& run, const SteadyWindow& window);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_DIAGNOSE_PROBE_EVIDENCE_H_
