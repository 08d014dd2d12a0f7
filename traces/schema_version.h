// The version of traces/proto/trace.proto that this program writes and fully understands.
#ifndef STALLPOINT_TRACES_SCHEMA_VERSION_H_
#define STALLPOINT_TRACES_SCHEMA_VERSION_H_

#include <cstdint>

namespace stallpoint {

// Raised when an old reader would misunderstand what is written; readers refuse a newer one.
inline constexpr uint32_t kSchemaMajor = 1;
// Raised when fields or values are added; readers read what they know and say that there was more.
inline constexpr uint32_t kSchemaMinor = 4;

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_SCHEMA_VERSION_H_
