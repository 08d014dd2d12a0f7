// What this machine offers for recording, and what of the knobs it can enforce.
#ifndef STALLPOINT_HARNESS_DOCTOR_DOCTOR_H_
#define STALLPOINT_HARNESS_DOCTOR_DOCTOR_H_

#include <atomic>
#include <string>
#include <vector>

namespace stallpoint {

struct Finding {
  enum class State {
    kGood,
    kLimited,  // works, with less than could be
    kAbsent,   // what needs it is left out
  };

  std::string subject;  // a word or two: "cores", "--host-memory"
  State state = State::kGood;
  std::string found;
  std::string remedy;  // what to do, or what is done instead; empty when all is good
};

const char* Name(Finding::State state);  // "good" "limited" "absent"

// Looks at the machine as this user sees it; changes nothing (a control group is made and removed again). Files of the
// plugin folders are loaded in processes of their own; `cancel` ends that.
std::vector<Finding> ExamineMachine(const std::atomic<bool>& cancel);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_DOCTOR_DOCTOR_H_
