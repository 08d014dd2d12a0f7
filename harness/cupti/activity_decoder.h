// Turns the records of a CUPTI buffer into plain device work. Only the real backend has it.
//
// Bounds are the decoder's own: a record is read only where all of it lies inside the buffer. What cannot be (an end
// before its begin, a time outside the session: CUPTI is known to give wrong times after some 25 million records) is
// counted and passed over. Names in records point where CUPTI keeps them and are trusted. One thread at a time.
#ifndef STALLPOINT_HARNESS_CUPTI_ACTIVITY_DECODER_H_
#define STALLPOINT_HARNESS_CUPTI_ACTIVITY_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/cupti/device_work.h"

namespace stallpoint {

class ActivityDecoder {
 public:
  // Moves `*record` to the next one, from null to the first; returns a code of CUPTI. cuptiActivityGetNextRecord.
  using NextRecord = std::function<int(uint8_t* buffer, size_t valid_bytes, uint8_t** record)>;
  // The name of a call by its number, of the driver or else of the runtime; empty when it is not known.
  using CallName = std::function<std::string(bool of_driver, uint32_t call)>;
  // What times may be.
  struct Session {
    int64_t begin_ns = 0, end_ns = 0;
  };
  struct Counts {
    uint64_t records = 0;    // told to the sink
    uint64_t set_aside = 0;  // impossible, or not whole
    uint64_t others = 0;     // of kinds that are not recorded
  };

  ActivityDecoder(NextRecord next_record, CallName call_name);

  // `buffer` is aligned to 8 bytes.
  Counts Decode(uint8_t* buffer, size_t valid_bytes, const Session& session, DeviceWorkSink& sink);
  // Only counts the records, as `others`: for when nothing can keep up with them.
  Counts Count(uint8_t* buffer, size_t valid_bytes);

 private:
  class Buffer;

  const NextRecord next_record_;
  const CallName call_name_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_ACTIVITY_DECODER_H_
