// libcupti, loaded at run time, and the functions of it that are used. Only files of the real backend include this.
//
// The copy that the process has already (a framework's) is taken before any other: two would exclude each other.
// A library stays loaded for good, since CUDA may call it at any time. Const access from any thread.
#ifndef STALLPOINT_HARNESS_CUPTI_CUPTI_LIBRARY_H_
#define STALLPOINT_HARNESS_CUPTI_CUPTI_LIBRARY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cupti.h"

namespace stallpoint {

struct CuptiLibrary {
  // The loaded copy, then the file STALLPOINT_CUPTI names, then the loader's search path. With `path` that file alone.
  // NotFound: none, with what to do; FailedPrecondition: one without a function that is needed.
  static absl::StatusOr<CuptiLibrary> Load(const std::string& path = "");

  std::string path;  // of the file
  uint32_t version = 0;

  decltype(&cuptiSubscribe) Subscribe = nullptr;
  decltype(&cuptiUnsubscribe) Unsubscribe = nullptr;
  decltype(&cuptiActivityRegisterCallbacks) RegisterCallbacks = nullptr;
  decltype(&cuptiActivityEnable) Enable = nullptr;
  decltype(&cuptiActivityDisable) Disable = nullptr;
  decltype(&cuptiActivityFlushAll) FlushAll = nullptr;
  decltype(&cuptiActivityGetNextRecord) GetNextRecord = nullptr;
  decltype(&cuptiActivityGetNumDroppedRecords) GetNumDroppedRecords = nullptr;
  decltype(&cuptiGetCallbackName) GetCallbackName = nullptr;

  // Null where this version has none.
  decltype(&cuptiActivityRegisterTimestampCallback) RegisterTimestampCallback = nullptr;
  decltype(&cuptiSetThreadIdType) SetThreadIdType = nullptr;
  // Null in versions before that of CUDA 12.6, too: there it crashes where CUDA graphs were used.
  decltype(&cuptiFinalize) Finalize = nullptr;
  decltype(&cuptiActivityFlushPeriod) FlushPeriod = nullptr;
  // Declared since 12.6; the type of a call is an id and a switch.
  CUptiResult (*EnableRuntimeApi)(CUpti_CallbackId, uint8_t) = nullptr;
  CUptiResult (*EnableDriverApi)(CUpti_CallbackId, uint8_t) = nullptr;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_CUPTI_LIBRARY_H_
