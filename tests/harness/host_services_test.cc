#include "harness/host/host_services.h"

#include <cstring>

#include "catch.h"
#include "harness/host/thread_place.h"
#include "harness/record/recorder.h"
#include "tests/harness/scratch_folder.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

struct Services {
  std::map<std::string, std::string> options = {{"read_latency", "3ms"}};
  std::atomic<bool> cancelled{false};
  MemoryPool memory{1 << 20};
  HostServices host{nullptr, memory, options, cancelled};
  const sp_host* table = host.table();
};

TEST_CASE("Unrecorded, the table says so and its recording functions do nothing") {
  Services services;
  const sp_host* host = services.table;
  CHECK(*host->enabled == 0);
  host->stage_begin(host->self, host->intern(host->self, "read"));
  host->stage_end(host->self, 10);
  host->span_end(host->self);
  host->counter(host->self, 1, 2.0);
  host->device_mark(host->self, nullptr, SP_MARK_FORWARD);
  CHECK(host->get_extension(host->self, "stallpoint.unknown/1") == nullptr);
}

TEST_CASE("Names have one id each, never 0") {
  Services services;
  const sp_host* host = services.table;
  const uint32_t read = host->intern(host->self, "read");
  CHECK(read != 0);
  CHECK(host->intern(host->self, "read") == read);
  CHECK(host->intern(host->self, "decode") != read);
  CHECK(host->intern(host->self, nullptr) != 0);
  for (int i = 0; i < 10'000; ++i) host->intern(host->self, std::to_string(i).c_str());
  CHECK(host->intern(host->self, "one too many") != 0);
}

TEST_CASE("Options are found by key, and cancelling is seen") {
  Services services;
  const sp_host* host = services.table;
  CHECK(strcmp(host->option(host->self, "read_latency"), "3ms") == 0);
  CHECK(host->option(host->self, "absent") == nullptr);
  CHECK(host->cancelled(host->self) == 0);
  services.cancelled = true;
  CHECK(host->cancelled(host->self) == 1);
}

TEST_CASE("Memory is accounted for, pooled and limited") {
  Services services;
  const sp_host* host = services.table;
  void* memory = host->alloc(host->self, 100'000, SP_MEMORY_PAGEABLE);
  REQUIRE(memory != nullptr);
  CHECK(services.memory.bytes() >= 100'000);
  CHECK(host->alloc(host->self, 10 << 20, SP_MEMORY_PINNED) == nullptr);
  host->free(host->self, memory);
  host->free(host->self, nullptr);
  CHECK(host->alloc(host->self, 100'000, SP_MEMORY_PINNED) == memory);
}

TEST_CASE("Warnings reach the user once each, informative lines do not") {
  Services services;
  const sp_host* host = services.table;
  host->log(host->self, SP_LOG_INFO, "fyi");
  host->log(host->self, SP_LOG_WARNING, "careful");
  host->log(host->self, SP_LOG_WARNING, "careful");
  host->log(host->self, 99, "broken");
  CHECK(services.host.TakeWarnings() == std::vector<std::string>{"careful", "broken"});
}

TEST_CASE("What a plugin records is found in the trace under its names") {
  const ScratchFolder folder;
  Recorder::Options options;
  options.path = folder.File("a.sptrace");
  auto recorder = Recorder::Start(options);
  REQUIRE(recorder.ok());
  trace::TrackDefinition main;
  main.set_role(trace::TRACK_ROLE_MAIN);
  (*recorder)->AttachThread(main);
  {
    const std::map<std::string, std::string> no_options;
    const std::atomic<bool> cancelled{false};
    MemoryPool memory(0);
    HostServices services(recorder->get(), memory, no_options, cancelled);
    const sp_host* host = services.table();
    CHECK(*host->enabled == 1);
    const uint32_t temperature = host->intern(host->self, "temperature");
    host->counter(host->self, temperature, 36.5);
    ThreadPlace::Current().Enter(0, 7, trace::STAGE_KIND_SAMPLE);
    host->stage_begin(host->self, host->intern(host->self, "read"));
    host->stage_end(host->self, 4096);
    for (int depth = 0; depth < 100; ++depth) host->span_begin(host->self, host->intern(host->self, "deep"));
    for (int depth = 0; depth < 101; ++depth) host->span_end(host->self);
    host->span(host->self, host->intern(host->self, "before"), host->now_ns(host->self) - 1000,
               host->now_ns(host->self));
  }
  REQUIRE((*recorder)->Finish(trace::OUTCOME_OK, "").ok());
  const auto contents = LoadTrace(options.path);
  REQUIRE(contents.ok());
  const RunRecord& run = contents->main_run();
  REQUIRE(run.counters.count("temperature") == 1);
  CHECK(run.counters.at("temperature").front().value == 36.5);
  CHECK(run.sample_stages == std::vector<std::string>{"read"});
  REQUIRE(run.samples.size() == 1);
  CHECK(run.samples[0].key == 7);
  CHECK(run.sample_costs[0].bytes == 4096);
  CHECK(run.read_set_aside == 0);
  CHECK(run.unknown_ids == 0);
}

}  // namespace
}  // namespace stallpoint
