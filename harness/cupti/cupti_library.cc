#include "harness/cupti/cupti_library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

// That of CUDA 12.6.
constexpr uint32_t kFirstToDetachSafely = 24;
constexpr const char* kNames[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so"};

void* Open(const std::string& path) {
  if (!path.empty()) return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  for (const char* name : kNames) {
    if (void* loaded = dlopen(name, RTLD_NOW | RTLD_NOLOAD); loaded != nullptr) return loaded;
  }
  if (const char* given = getenv("STALLPOINT_CUPTI"); given != nullptr && *given != '\0') {
    return dlopen(given, RTLD_NOW | RTLD_LOCAL);
  }
  for (const char* name : kNames) {
    if (void* found = dlopen(name, RTLD_NOW | RTLD_LOCAL); found != nullptr) return found;
  }
  return nullptr;
}

// Finds functions and remembers the first one that is missing.
class Finder {
 public:
  explicit Finder(void* library) : library_(library) {}

  template <typename Function>
  void Need(const char* name, Function* function) {
    Look(name, function);
    if (*function == nullptr && missing_ == nullptr) missing_ = name;
  }
  template <typename Function>
  void Look(const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(library_, name));
  }
  const char* missing() const { return missing_; }

 private:
  void* const library_;
  const char* missing_ = nullptr;
};

}  // namespace

absl::StatusOr<CuptiLibrary> CuptiLibrary::Load(const std::string& path) {
  void* library = Open(path);
  if (library == nullptr) {
    const char* error = dlerror();
    return absl::NotFoundError(absl::StrCat(
        "no CUPTI (libcupti.so.13 or .12", error != nullptr ? absl::StrCat(": ", error) : "",
        "): install the CUDA toolkit or `pip install nvidia-cuda-cupti`, and set STALLPOINT_CUPTI to the library"));
  }
  CuptiLibrary cupti;
  link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr) cupti.path = map->l_name;

  Finder finder(library);
  decltype(&cuptiGetVersion) get_version = nullptr;
  finder.Need("cuptiGetVersion", &get_version);
  finder.Need("cuptiSubscribe", &cupti.Subscribe);
  finder.Need("cuptiUnsubscribe", &cupti.Unsubscribe);
  finder.Need("cuptiActivityRegisterCallbacks", &cupti.RegisterCallbacks);
  finder.Need("cuptiActivityEnable", &cupti.Enable);
  finder.Need("cuptiActivityDisable", &cupti.Disable);
  finder.Need("cuptiActivityFlushAll", &cupti.FlushAll);
  finder.Need("cuptiActivityGetNextRecord", &cupti.GetNextRecord);
  finder.Need("cuptiActivityGetNumDroppedRecords", &cupti.GetNumDroppedRecords);
  finder.Need("cuptiGetCallbackName", &cupti.GetCallbackName);
  finder.Look("cuptiActivityRegisterTimestampCallback", &cupti.RegisterTimestampCallback);
  finder.Look("cuptiSetThreadIdType", &cupti.SetThreadIdType);
  finder.Look("cuptiActivityFlushPeriod", &cupti.FlushPeriod);
  finder.Look("cuptiActivityEnableRuntimeApi", &cupti.EnableRuntimeApi);
  finder.Look("cuptiActivityEnableDriverApi", &cupti.EnableDriverApi);
  if (finder.missing() != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(cupti.path, " has no ", finder.missing(),
                                                      ": set STALLPOINT_CUPTI to a libcupti.so of CUDA 12 or 13"));
  }
  get_version(&cupti.version);
  if (cupti.version >= kFirstToDetachSafely) finder.Look("cuptiFinalize", &cupti.Finalize);
  return cupti;
}

}  // namespace stallpoint
