// Calls into a plugin. Exceptions must not cross the boundary, but where one does it ends the run, or the probe, and
// not the process.
#ifndef STALLPOINT_HARNESS_HOST_PLUGIN_CALL_H_
#define STALLPOINT_HARNESS_HOST_PLUGIN_CALL_H_

#include <exception>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stallpoint/abi/base.h"

namespace stallpoint {

// An error to pass to a plugin.
inline sp_error NoPluginError() {
  sp_error error;
  error.struct_size = sizeof(error);
  error.code = SP_OK;
  error.message[0] = '\0';
  return error;
}

// What `function` said by `code` and `error`.
inline absl::Status ToStatus(sp_code code, sp_error& error, const char* function) {
  if (code == SP_OK) return absl::OkStatus();
  error.message[SP_ERROR_MESSAGE_SIZE - 1] = '\0';
  const bool known = code > 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return absl::Status(known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown,
                      error.message[0] != '\0'
                          ? std::string(error.message)
                          : absl::StrCat(function, "() of the plugin returned code ", code, " without a message"));
}

// `call(sp_error*)` returns an sp_code.
template <typename Function>
absl::Status CallPlugin(const char* name, Function call) {
  sp_error error = NoPluginError();
  try {
    return ToStatus(call(&error), error, name);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(name, "() of the plugin ran out of memory"));
  } catch (const std::exception& thrown) {
    return absl::InternalError(absl::StrCat(name, "() of the plugin threw: ", thrown.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat(name, "() of the plugin threw something that is no std::exception"));
  }
}

// Functions that return nothing; what they throw has nowhere to go.
template <typename Function>
void CallPluginQuietly(Function call) {
  try {
    call();
  } catch (...) {
  }
}

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_PLUGIN_CALL_H_
