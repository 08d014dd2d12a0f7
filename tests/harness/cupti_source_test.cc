// The life of the source around CUPTI, with a library that stands in for it.
#include <dlfcn.h>

#include <memory>
#include <string>

#include "catch.h"
#include "harness/cuda/driver_probe.h"
#include "harness/cupti/device_activity.h"
#include "tests/harness/fake_cupti.h"
#include "tests/harness/record_support.h"

namespace stallpoint {
namespace {

using Catch::Contains;

template <typename Function>
Function Exported(const char* name) {
  static void* library = dlopen(STALLPOINT_FAKE_CUPTI, RTLD_NOW);
  REQUIRE(library != nullptr);
  return reinterpret_cast<Function>(dlsym(library, name));
}

FakeCupti& FreshFake() {
  Exported<void (*)()>("Reset")();
  return *Exported<FakeCupti* (*)()>("Settings")();
}

std::string CallsOfFake() { return Exported<const char* (*)()>("Calls")(); }

// A recorder with device work in it.
struct Session {
  Session() : recorder(StartRecorder(MemoryOptions(trace))) {}

  absl::Status Start(const std::string& library = STALLPOINT_FAKE_CUPTI) {
    DeviceActivity::Options options;
    options.library = library;
    auto started = DeviceActivity::Start(*recorder, options);
    if (started.ok()) activity = *std::move(started);
    return started.status();
  }
  ReadTrace Finish() {
    activity.reset();
    REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
    return ReadChunks(trace->chunks());
  }

  std::shared_ptr<MemoryTrace> trace = std::make_shared<MemoryTrace>();
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<DeviceActivity> activity;
};

TEST_CASE("The clock is given before anything is enabled, and what is under way is forced out before the end") {
  FreshFake().kernels = 250;
  Session session;
  REQUIRE(session.Start().ok());
  const std::string at_start = CallsOfFake();
  CHECK_THAT(at_start, Catch::StartsWith("cuptiSubscribe cuptiActivityRegisterTimestampCallback "
                                         "cuptiActivityRegisterCallbacks cuptiActivityEnable "));
  const DeviceActivity::Totals totals = session.activity->Stop();
  CHECK(totals.recorded == 250);
  CHECK(session.activity->Stop().recorded == 250);
  CHECK_THAT(CallsOfFake().substr(at_start.size()), Catch::StartsWith("cuptiActivityFlushAll(forced) ") &&
                                                        Catch::EndsWith("cuptiActivityDisable cuptiUnsubscribe "));
  const ReadTrace read = session.Finish();
  CHECK(read.spans.at("cuda:0 stream 0").size() == 250);
  CHECK(read.accounting.dropped() == 0);
}

TEST_CASE("CUPTI is out of the process once it is detached, and stays in it where that would crash") {
  FreshFake().kernels = 250;
  Session session;
  REQUIRE(session.Start().ok());
  REQUIRE(session.activity->can_detach());
  CHECK(session.activity->Detach().ok());
  CHECK_THAT(CallsOfFake(), Catch::EndsWith("cuptiUnsubscribe cuptiFinalize "));
  const std::string detached = CallsOfFake();
  CHECK(session.activity->Stop().recorded == 250);
  CHECK(CallsOfFake() == detached);
  CHECK(session.Finish().spans.at("cuda:0 stream 0").size() == 250);

  FreshFake().version = 23;  // CUDA 12.5
  Session old;
  REQUIRE(old.Start().ok());
  CHECK_FALSE(old.activity->can_detach());
  old.Finish();
}

TEST_CASE("Buffers that many threads ask for and complete at once all reach the trace") {
  FakeCupti& fake = FreshFake();
  fake.kernels = 2000;
  fake.threads = 4;
  Session session;
  REQUIRE(session.Start().ok());
  for (int i = 0; i < 3; ++i) Exported<void (*)()>("DeliverNow")();
  const DeviceActivity::Totals totals = session.activity->Stop();
  const ReadTrace read = session.Finish();
  CHECK(totals.recorded + totals.dropped == 4 * 4 * 2000);
  CHECK(read.spans.at("cuda:0 stream 0").size() == totals.recorded);
  CHECK(read.accounting.emitted() == read.accounting.recorded() + read.accounting.dropped());
}

TEST_CASE("Records that CUPTI dropped are in the accounts and in a log line") {
  FakeCupti& fake = FreshFake();
  fake.kernels = 10;
  fake.dropped = 1234;
  Session session;
  REQUIRE(session.Start().ok());
  CHECK(session.activity->Stop().dropped == 1234);
  const ReadTrace read = session.Finish();
  CHECK(read.accounting.dropped() == 1234);
  CHECK(read.spans.at("cuda:0 stream 0").size() == 10);
  REQUIRE(read.log_lines.size() == 1);
  CHECK_THAT(read.log_lines[0], Contains("1234 records") && Contains("dropped"));
}

TEST_CASE("A second recording of device work in one process is refused, a later one is not") {
  FreshFake();
  Session session;
  REQUIRE(session.Start().ok());
  DeviceActivity::Options options;
  options.library = STALLPOINT_FAKE_CUPTI;
  CHECK(DeviceActivity::Start(*session.recorder, options).status().code() == absl::StatusCode::kFailedPrecondition);
  session.activity->Stop();
  CHECK(DeviceActivity::Start(*session.recorder, options).ok());
  session.Finish();
}

struct Refusal {
  int code;
  absl::StatusCode status;
  const char* remedy;
};

TEST_CASE("Whatever CUPTI refuses, one line says what to do and the host is recorded all the same") {
  const Refusal refusals[] = {
      {35, absl::StatusCode::kPermissionDenied, "NVreg_RestrictProfilingToAdminUsers=0"},
      {39, absl::StatusCode::kUnavailable, "run one at a time"},
      {40, absl::StatusCode::kPermissionDenied, "vGPU"},
      {41, absl::StatusCode::kFailedPrecondition, "confidential computing"},
      {15, absl::StatusCode::kFailedPrecondition, ""},
      {999, absl::StatusCode::kFailedPrecondition, ""},
  };
  for (const char* call : {"cuptiSubscribe", "cuptiActivityRegisterTimestampCallback", "cuptiActivityRegisterCallbacks",
                           "cuptiActivityEnable"}) {
    for (const Refusal& refusal : refusals) {
      FakeCupti& fake = FreshFake();
      fake.failing = call;
      fake.code = refusal.code;
      Session session;
      const absl::Status refused = session.Start();
      INFO(refused);
      CHECK(refused.code() == refusal.status);
      const std::string message(refused.message());
      CHECK_THAT(message, Contains("CUPTI 13.5 refuses") && Contains(call) && Contains(std::to_string(refusal.code)) &&
                              Contains(refusal.remedy));
      CHECK(message.find('\n') == std::string::npos);
      // What was begun was ended: the next attempt finds everything free.
      if (std::string(call) != "cuptiSubscribe") CHECK_THAT(CallsOfFake(), Catch::EndsWith("cuptiUnsubscribe "));
      FreshFake();
      CHECK(session.Start().ok());
      CHECK(session.Finish().closed);
    }
  }
}

TEST_CASE("A kind that this device has not is left out") {
  FakeCupti& fake = FreshFake();
  fake.kernels = 1;
  fake.failing = "cuptiActivityDisable";
  fake.code = 21;
  Session session;
  REQUIRE(session.Start().ok());
  CHECK(session.activity->Stop().recorded == 1);
  session.Finish();
}

TEST_CASE("Without libcupti the line says where it comes from") {
  Session session;
  const absl::Status absent = session.Start("/nowhere/libcupti.so");
  CHECK(absent.code() == absl::StatusCode::kNotFound);
  CHECK_THAT(std::string(absent.message()), Contains("nvidia-cuda-cupti") && Contains("STALLPOINT_CUPTI"));
  CHECK(session.Finish().closed);
}

TEST_CASE("A library that is no CUPTI is refused with what it lacks") {
  Session session;
  const absl::Status other = session.Start("libm.so.6");
  CHECK(other.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(other.message()), Contains("has no cuptiGetVersion"));
  session.Finish();
}

TEST_CASE("The real CUPTI on a machine without a driver leaves a host-only trace and a line that says what to do") {
  const CudaDriverProbe driver = ProbeCudaDriver();
  if (driver.state == CudaDriverProbe::State::kReady) {
    WARN("this machine has a CUDA device: not looked at here");
    return;
  }
  Session session;
  const absl::Status refused = session.Start(STALLPOINT_CUPTI_FILE);
  INFO(refused);
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(refused.message()), Contains(driver.found) && Contains(driver.remedy));
  const uint32_t stage = session.recorder->Stage("load", trace::STAGE_KIND_LOAD);
  const uint64_t begin = Ticks();
  session.recorder->AttachThread({})->Span(stage, begin, Ticks());
  const ReadTrace read = session.Finish();
  CHECK(read.closed);
  CHECK(read.spans_read == 1);
}

}  // namespace
}  // namespace stallpoint
