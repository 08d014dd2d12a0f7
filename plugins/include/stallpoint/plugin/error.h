// Exceptions of a plugin, and the guard that keeps them inside it.
//
// Throw `Error` to choose the code; std::bad_alloc becomes SP_RESOURCE_EXHAUSTED, any other exception SP_INTERNAL. An
// adapter for a library with exceptions of its own adds a translator.
#ifndef STALLPOINT_PLUGIN_ERROR_H_
#define STALLPOINT_PLUGIN_ERROR_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "stallpoint/abi/base.h"

// State of one plugin: never shared with another that was loaded into the same process.
#if defined(_WIN32)
#define STALLPOINT_PLUGIN_LOCAL
#else
#define STALLPOINT_PLUGIN_LOCAL __attribute__((visibility("hidden")))
#endif

namespace stallpoint::plugin {

class Error : public std::runtime_error {
 public:
  Error(sp_code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  sp_code code() const { return code_; }

 private:
  sp_code code_;
};

// Called while an exception is being handled: fills `error` and returns its code, or returns SP_OK for one it does not
// know. Fills with FillError, which must not throw.
using ErrorTranslator = sp_code (*)(sp_error* error);

STALLPOINT_PLUGIN_LOCAL inline std::vector<ErrorTranslator>& ErrorTranslators() {
  static std::vector<ErrorTranslator> translators;
  return translators;
}

// To be called from a static initialiser. The return value only makes that easy to write.
inline bool AddErrorTranslator(ErrorTranslator translator) {
  ErrorTranslators().push_back(translator);
  return true;
}

// Copies what fits of `message`, never half a UTF-8 character. `error` may be null. Returns `code`.
inline sp_code FillError(sp_error* error, sp_code code, const char* message) noexcept {
  if (error == nullptr || error->struct_size <= offsetof(sp_error, message)) return code;
  error->code = code;
  const size_t room = std::min<size_t>(error->struct_size - offsetof(sp_error, message), SP_ERROR_MESSAGE_SIZE) - 1;
  size_t length = std::strlen(message);
  if (length > room) {
    length = room;
    while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0) == 0x80) --length;
  }
  std::memcpy(error->message, message, length);
  error->message[length] = '\0';
  return code;
}

// What the exception now being handled means.
inline sp_code TranslateCurrentException(sp_error* error) noexcept {
  for (const ErrorTranslator translate : ErrorTranslators()) {
    const sp_code code = translate(error);
    if (code != SP_OK) return code;
  }
  try {
    throw;
  } catch (const Error& e) {
    return FillError(error, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return FillError(error, SP_RESOURCE_EXHAUSTED, "out of host memory");
  } catch (const std::exception& e) {
    return FillError(error, SP_INTERNAL, e.what());
  } catch (...) {
    return FillError(error, SP_UNKNOWN, "the plugin threw something that is not a std::exception");
  }
}

// Runs `body`; what it throws becomes the code that is returned.
template <typename Body>
sp_code Guarded(sp_error* error, Body&& body) noexcept {
  try {
    body();
    return SP_OK;
  } catch (...) {
    return TranslateCurrentException(error);
  }
}

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_ERROR_H_
