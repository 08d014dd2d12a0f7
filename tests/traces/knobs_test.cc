#include "traces/knobs.h"

#include <limits>
#include <string>

#include "catch.h"
#include "nlohmann/json.hpp"
#include "traces/proto/knobs.pb.h"

namespace stallpoint {
namespace {

// No value is a default.
Knobs UnusualKnobs() {
  return {.batch_size = 7,
          .worker_count = 3,
          .prefetch_depth = 5,
          .pin_host_memory = true,
          .intra_op_threads = 2,
          .cpus = "0-3,8",
          .host_limit_bytes = 1000,
          .device_limit_bytes = 2000,
          .steps_in_flight = 4,
          .in_order = false,
          .persistent_workers = false,
          .drop_last = true,
          .accumulation = 6,
          .seed = std::numeric_limits<uint64_t>::max(),
          .device = "cuda:1"};
}

std::string Refusal(void (*change)(Knobs*)) {
  Knobs knobs;
  change(&knobs);
  return std::string(Validate(knobs).message());
}

TEST_CASE("knobs survive the way through the trace, each of them") {
  CHECK(FromProto(ToProto(UnusualKnobs())) == UnusualKnobs());
  CHECK(FromProto(ToProto(Knobs())) == Knobs());
  const trace::Knobs proto = ToProto(UnusualKnobs());
  std::vector<const google::protobuf::FieldDescriptor*> set;
  proto.GetReflection()->ListFields(proto, &set);
  // Two of them are false, which proto3 does not count as set.
  CHECK(static_cast<int>(set.size()) == proto.GetDescriptor()->field_count() - 2);
}

TEST_CASE("the JSON of knobs has every key in the published order, with null for what is not limited") {
  CHECK(ToJson(Knobs()).dump() ==
        R"({"batch_size":32,"worker_count":0,"prefetch_depth":2,"pin_host_memory":false,"intra_op_threads":0,)"
        R"("cpus":null,"host_limit_bytes":null,"device_limit_bytes":null,"steps_in_flight":2,"in_order":true,)"
        R"("persistent_workers":true,"drop_last":false,"accumulation":1,"seed":0,"device":"cpu"})");
  CHECK(ToJson(UnusualKnobs())["cpus"] == "0-3,8");
  CHECK(ToJson(UnusualKnobs())["host_limit_bytes"] == 1000);
}

TEST_CASE("sound knobs are accepted") {
  CHECK(Validate(Knobs()).ok());
  CHECK(Validate(UnusualKnobs()).ok());
}

TEST_CASE("row 13: a knob out of range is refused by its flag, its value and the legal range") {
  CHECK(Refusal([](Knobs* k) { k->batch_size = 0; }) == "--batch 0: expected 1 to 16777216");
  CHECK(Refusal([](Knobs* k) { k->batch_size = -4; }) == "--batch -4: expected 1 to 16777216");
  CHECK(Refusal([](Knobs* k) { k->worker_count = 1'000'000'000; }) == "--workers 1000000000: expected 0 to 4096");
  CHECK(Refusal([](Knobs* k) { k->worker_count = -1; }) == "--workers -1: expected 0 to 4096");
  CHECK(Refusal([](Knobs* k) { k->prefetch_depth = 0; }) == "--prefetch 0: expected 1 to 1024");
  CHECK(Refusal([](Knobs* k) { k->intra_op_threads = -1; }) == "--intra-op -1: expected 0 to 4096");
  CHECK(Refusal([](Knobs* k) { k->steps_in_flight = 0; }) == "--steps-in-flight 0: expected 1 to 1024");
  CHECK(Refusal([](Knobs* k) { k->accumulation = 0; }) == "--accumulation 0: expected 1 to 1048576");
  CHECK(Refusal([](Knobs* k) { k->device = "tpu"; }).starts_with("--device: 'tpu': expected"));
}

TEST_CASE("a processor list is checked item by item") {
  CHECK(Refusal([](Knobs* k) { k->cpus = "0-3,x"; }) ==
        "--cpus 0-3,x: 'x' is not understood: expected a list such as 0-3,8 of processors 0 to 8191");
  for (const char* list : {"3-1", "0,", ",", "-1", "1-", "0-3-5", "9999", "0 1"}) {
    INFO(list);
    Knobs knobs;
    knobs.cpus = list;
    CHECK_FALSE(Validate(knobs).ok());
  }
}

}  // namespace
}  // namespace stallpoint
