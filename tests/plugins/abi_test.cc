// The layout that plugins in the field were compiled against, and a plugin in plain C.
#include "catch.h"
#include "stallpoint/abi/entry.h"
#include "tests/plugins/fake_host.h"

extern "C" const sp_entry* plain_c_entry(void);

TEST_CASE("the structs of ABI 1.0 never become smaller than they were published") {
  CHECK(sizeof(sp_error) >= 512);
  CHECK(sizeof(sp_knobs) >= 88);
  CHECK(sizeof(sp_arena) >= 24);
  CHECK(sizeof(sp_sample) >= 48);
  CHECK(sizeof(sp_tensor) >= 88);
  CHECK(sizeof(sp_layout) >= 24);
  CHECK(sizeof(sp_batch) >= 48);
  CHECK(sizeof(sp_step_result) >= 32);
  CHECK(sizeof(sp_workload) >= 120);
  CHECK(sizeof(sp_host) >= 144);
  CHECK(sizeof(sp_series) >= 24);
  CHECK(sizeof(sp_event) >= 32);
  CHECK(sizeof(sp_probe) >= 96);
  CHECK(sizeof(sp_option) >= 32);
  CHECK(sizeof(sp_descriptor) >= 56);
  CHECK(sizeof(sp_entry) >= 48);
}

TEST_CASE("fields of ABI 1.0 lie where they were published") {
  CHECK(offsetof(sp_knobs, intra_op_threads) == 20);
  CHECK(offsetof(sp_knobs, accumulation) == 44);
  CHECK(offsetof(sp_knobs, emulated) == 68);
  CHECK(offsetof(sp_host, cancelled) == 40);
  CHECK(offsetof(sp_host, stage_end) == 64);
  CHECK(offsetof(sp_host, option) == 128);
  CHECK(offsetof(sp_sample, data) == 16);
  CHECK(offsetof(sp_sample, pass) == 40);
  CHECK(offsetof(sp_batch, index) == 24);
  CHECK(offsetof(sp_step_result, device_loss_dtype) == 20);
  CHECK(offsetof(sp_workload, batch_layout) == 80);
  CHECK(offsetof(sp_workload, collate) == 88);
  CHECK(offsetof(sp_entry, create_workload) == 32);
  CHECK(offsetof(sp_probe, series_count) == 16);
  CHECK(offsetof(sp_probe, min_poll_ns) == 40);
  CHECK(offsetof(sp_probe, poll) == 64);
  CHECK(offsetof(sp_probe, on_events) == 72);
}

TEST_CASE("codes are numbered as Abseil's") {
  CHECK(SP_CANCELLED == 1);
  CHECK(SP_RESOURCE_EXHAUSTED == 8);
  CHECK(SP_DATA_LOSS == 15);
}

TEST_CASE("SP_HAS tells whether the maker of a struct knew a field") {
  sp_knobs knobs = {};
  knobs.struct_size = offsetof(sp_knobs, stream);
  CHECK(SP_HAS(sp_knobs, &knobs, device));
  CHECK_FALSE(SP_HAS(sp_knobs, &knobs, stream));
}

TEST_CASE("a plugin can be written in plain C") {
  const sp_entry* entry = plain_c_entry();
  REQUIRE(entry->descriptor(0) != nullptr);
  CHECK(entry->descriptor(1) == nullptr);
  stallpoint::testing::FakeHost host;
  sp_workload workload = {};
  workload.struct_size = sizeof(workload);
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  REQUIRE(entry->create_workload("plain_c", host.table(), &workload, &error) == SP_OK);
  CHECK(workload.open(workload.self, nullptr, &error) == SP_NOT_FOUND);
  CHECK(std::string(error.message) == "give --data");
}

TEST_CASE("a probe can be written in plain C") {
  stallpoint::testing::FakeHost host;
  sp_probe probe = {};
  probe.struct_size = sizeof(probe);
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  REQUIRE(plain_c_entry()->create_probe("plain_c", host.table(), &probe, &error) == SP_OK);
  CHECK(probe.poll(probe.self, 0, &error) == SP_OK);
  CHECK(host.take_counters() == std::vector<std::pair<std::string, double>>{{"answer", 42}});
}
