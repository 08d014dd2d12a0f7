// Nsight Systems' own importer, which turns NVTXT text into a report that its window opens.
#ifndef STALLPOINT_TOOLS_PROGRAM_NSIGHT_H_
#define STALLPOINT_TOOLS_PROGRAM_NSIGHT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stallpoint {

// Path of ImportNvtxt. NotFound says how to get it.
absl::StatusOr<std::string> FindNsightImporter();

// Makes `report` (.nsys-rep) of `text` (.nvtxt). Replaces the report. Internal: the importer's own words.
absl::Status ImportIntoNsight(const std::string& text, const std::string& report);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_NSIGHT_H_
