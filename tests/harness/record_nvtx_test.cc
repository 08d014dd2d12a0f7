#include <dlfcn.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "catch.h"
#include "harness/record/nvtx.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"
#include "record_support.h"

namespace stallpoint {
namespace {

// NVTX looks for its tool once per process: all of it is one case.
TEST_CASE("An attached tool sees stages as nested ranges of the domain stallpoint") {
  setenv("NVTX_INJECTION64_PATH", STALLPOINT_NVTX_TOOL, 1);
  void* tool = dlopen(STALLPOINT_NVTX_TOOL, RTLD_NOW);
  REQUIRE(tool != nullptr);
  const auto noted = reinterpret_cast<const char* (*)()>(dlsym(tool, "NotedRanges"));

  Recorder::Options options = MemoryOptions(std::make_shared<MemoryTrace>());
  options.nvtx = false;
  auto without = StartRecorder(options);
  without->AttachThread({});
  { StageScope scope(without->Stage("unseen", trace::STAGE_KIND_LOAD)); }
  REQUIRE(without->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(std::string(noted()).empty());

  options.nvtx = true;
  auto recorder = StartRecorder(options);
  recorder->AttachThread({});
  const uint32_t load = recorder->Stage("load", trace::STAGE_KIND_LOAD);
  const uint32_t read = recorder->Stage("read", trace::STAGE_KIND_SAMPLE);
  const uint32_t plain = recorder->Intern("no stage");
  {
    StageScope scope(load, 0);
    BeginStage(read);
    EndStage(0);
    StageScope unnamed(plain);
  }
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  CHECK_FALSE(nvtx::Attached());
  CHECK(std::string(noted()) ==
        "domain stallpoint\n"
        "stallpoint push load\n"
        "stallpoint push read\n"
        "stallpoint pop\n"
        "stallpoint pop\n");
}

}  // namespace
}  // namespace stallpoint
