// What the page cache does to a run's stall, in words, and whether more memory would fix it.
#ifndef STALLPOINT_REPLAY_DIAGNOSE_CACHED_DATA_H_
#define STALLPOINT_REPLAY_DIAGNOSE_CACHED_DATA_H_

#include <optional>
#include <string>

#include "replay/diagnose/causes.h"

namespace stallpoint {

// How much of the data came from storage, and what a step would take if none did. Empty where it is not known that any
// did.
std::string CacheEvidence(const Case& c);

// What later passes will find in the page cache. Empty where the data set's size is unknown, or nothing came from
// storage.
std::string CacheAdvice(const Case& c);

// The recorded setting with a limit that leaves room for the whole data set; nothing where the run has no limit, or one
// that leaves enough.
std::optional<Prediction> WithRoomForData(const Case& c);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_DIAGNOSE_CACHED_DATA_H_
