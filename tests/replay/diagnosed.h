// The diagnosis of a recorded run, and what it says: what tests of diagnoses begin with.
#ifndef STALLPOINT_TESTS_REPLAY_DIAGNOSED_H_
#define STALLPOINT_TESTS_REPLAY_DIAGNOSED_H_

#include <string>

#include "fitted.h"
#include "replay/diagnose/diagnosis.h"

namespace stallpoint::testing {

inline Diagnosis Why(const RunRecord& run) { return Diagnose(run, FitTo(run).get(), 0.05); }

inline std::string Explain(const Diagnosis& d) {
  std::string text = d.verdict;
  for (const std::string& line : d.lines) text += "\n" + line;
  return text;
}

inline const Cause* Find(const Diagnosis& d, const std::string& id) {
  for (const Cause& cause : d.causes) {
    if (cause.id == id) return &cause;
  }
  return nullptr;
}

inline bool Says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_REPLAY_DIAGNOSED_H_
