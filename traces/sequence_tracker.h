// Tells whether the frames of one writer came complete, once each and in order.
//
// Memory is bounded: of numbers that were passed over long ago it is forgotten that they are missing, and a frame that
// brings one of them then counts as a duplicate.
#ifndef STALLPOINT_TRACES_SEQUENCE_TRACKER_H_
#define STALLPOINT_TRACES_SEQUENCE_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <map>

namespace stallpoint {

class SequenceTracker {
 public:
  // What is missing, and the number by which the caller knows that.
  struct Missing {
    uint64_t last;
    size_t label;
  };

  // The first sequence number that was not passed yet.
  uint64_t next() const { return next_; }
  // REQUIRES: sequence >= next().
  void Advance(uint64_t sequence, size_t label_of_missing);

  // For sequence < next(): takes it from the missing ones and gives their label, or false: it was there before.
  bool TakeMissing(uint64_t sequence, size_t* label);

 private:
  uint64_t next_ = 0;
  std::map<uint64_t, Missing> missing_;  // by the first number of each range
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_SEQUENCE_TRACKER_H_
