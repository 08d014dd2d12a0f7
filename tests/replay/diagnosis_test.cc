#include "replay/diagnose/diagnosis.h"

#include <cmath>

#include "catch.h"
#include "diagnosed.h"
#include "nlohmann/json.hpp"
#include "replay/json.h"
#include "run_builder.h"
#include "traces/run_summary.h"

namespace stallpoint {

using testing::EmulatedKnobs;
using testing::Explain;
using testing::Find;
using testing::ReadAndDecode;
using testing::Record;
using testing::RunSpec;
using testing::Says;
using testing::Truth;
using testing::Why;

TEST_CASE("a worker on a slower core is named where the others wait for it, and what delivery as ready would give") {
  Truth truth = ReadAndDecode(0.1, 5);
  truth.cores = 16;
  const auto evidence = [&truth] {
    const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(8, 4, "emulated:launch=1ms,sample=100us")}));
    std::string all;
    REQUIRE(Find(d, "slow-input") != nullptr);
    for (const std::string& line : Find(d, "slow-input")->evidence) all += line + "\n";
    return all;
  };
  CHECK_FALSE(Says(evidence(), "its core is slower"));
  truth.slowness = [](int32_t worker, int64_t) { return worker == 2 ? 1.35 : 0.9; };
  const std::string seen = evidence();
  INFO(seen);
  CHECK(Says(seen, "worker 2 computes 33 % longer than all of them do for the same work, its core is slower"));
  // 40.4 ms a batch in the mean: the three others in 36.5 and it in 54.6 ms are one in 9.9 ms, in order one in 13.7.
  CHECK(Says(seen, "(--in-order 0), a step would take 10"));
}

TEST_CASE("where enough workers leave main in the way, the cores are not said to be full") {
  Truth truth = ReadAndDecode(0.1, 5);
  truth.cores = 16;
  truth.launch_ns = 8e6;
  const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(8, 2, "emulated:launch=1ms,sample=100us")}));
  INFO(Explain(d));
  REQUIRE(Find(d, "slow-input") != nullptr);
  const std::string& advice = Find(d, "slow-input")->advice;
  CHECK_FALSE(Says(advice, "full"));
  CHECK(Says(advice, "it is no longer loading that the device waits for, but launch"));
}

TEST_CASE("slow reads with one worker: the read is named, and the workers that free the device") {
  const Truth truth = ReadAndDecode(20, 0.5);
  const std::string device = "emulated:launch=20ms,sample=1ms";
  const RunRecord run = Record(truth, {.knobs = EmulatedKnobs(8, 1, device)});
  const Diagnosis d = Why(run);
  INFO(Explain(d));
  CHECK(d.verdict == "data-starved: read");
  CHECK(d.bound == Bound::kData);
  CHECK(d.wait == Wait::kIo);
  CHECK_FALSE(d.healthy);
  REQUIRE(d.causes.size() == 1);
  CHECK(d.causes[0].id == "slow-input");
  REQUIRE(d.causes[0].fix.has_value());
  const Fix& fix = *d.causes[0].fix;
  CHECK(fix.knob == "worker_count");
  CHECK(fix.from == "1");
  // A batch takes 165 ms on a worker and 28 ms on the device.
  CHECK(fix.to == "6");
  const RunSummary live = Summarize(Record(truth, {.knobs = fix.knobs, .luck = 4}));
  CHECK(live.shares.stall() <= 0.05);
  CHECK(live.step_ms_mean >= fix.low);
  CHECK(live.step_ms_mean <= fix.high);
  Knobs one_less = fix.knobs;
  --one_less.worker_count;
  CHECK(Summarize(Record(truth, {.knobs = one_less, .luck = 4})).shares.stall() > 0.05);
  CHECK(d.lines.size() == 3);
  CHECK(Says(d.lines[2], "--workers 6"));
}

TEST_CASE("what the storage probe saw tells a slow disk from a wait for something else") {
  RunRecord run = Record(ReadAndDecode(20, 0.5), {.knobs = EmulatedKnobs(8, 1, "emulated:launch=20ms,sample=1ms")});
  const auto seen = [&run](double blocked, int looks) {
    auto& points = run.counters["storage.threads_blocked"];
    points.clear();
    const int64_t step_ns = (run.end_ns - run.begin_ns) / (2 * looks);
    for (int i = 0; i < looks; ++i) points.push_back({run.end_ns - i * step_ns, blocked});
    std::string all;
    const Diagnosis d = Why(run);
    REQUIRE(Find(d, "slow-input") != nullptr);
    for (const std::string& line : Find(d, "slow-input")->evidence) all += line + "\n";
    return all;
  };
  CHECK(Says(seen(0, 40), "looks no thread was blocked on a disk"));
  CHECK_FALSE(Says(seen(0, 2), "blocked on a disk"));
  run.counters["storage.device_read_latency"] = {{run.end_ns - (run.end_ns - run.begin_ns) / 4, 8e6}};
  const std::string slow = seen(2, 40);
  CHECK(Says(slow, "2 threads were blocked on a disk on the average; the data's disk took 8 ms a read"));
}

TEST_CASE("decoding that fills both cores: more workers are not the fix") {
  const RunRecord run = Record(ReadAndDecode(0.05, 20), {.knobs = EmulatedKnobs(8, 2), .steps = 60});
  const Diagnosis d = Why(run);
  INFO(Explain(d));
  CHECK(d.verdict == "data-starved: decode");
  CHECK(d.wait == Wait::kCpu);
  REQUIRE(d.causes.size() == 1);
  CHECK_FALSE(d.causes[0].fix.has_value());
  CHECK(Says(d.causes[0].advice, "more workers than cores will not help"));
  CHECK(Says(d.lines[2], "more workers than cores will not help"));
}

TEST_CASE("decoding with one worker on two cores: a second worker helps, and no more") {
  const Diagnosis d = Why(Record(ReadAndDecode(0.05, 20), {.knobs = EmulatedKnobs(8, 1), .steps = 60}));
  INFO(Explain(d));
  CHECK(d.verdict == "data-starved: decode");
  REQUIRE(d.causes.size() == 1);
  REQUIRE(d.causes[0].fix.has_value());
  CHECK(d.causes[0].fix->to == "2");
  CHECK(d.causes[0].fix->expected_step_ms == Approx(80).epsilon(0.05));
  CHECK(Says(d.causes[0].advice, "more workers than cores will not help"));
}

TEST_CASE("loading inline is told to use workers") {
  const Diagnosis d = Why(Record(ReadAndDecode(2, 1), {.knobs = EmulatedKnobs(8, 0, "emulated:launch=10ms")}));
  INFO(Explain(d));
  CHECK(d.verdict == "data-starved: read");
  REQUIRE(d.causes[0].fix.has_value());
  CHECK(d.causes[0].fix->knob == "worker_count");
  CHECK(d.causes[0].fix->from == "0");
}

TEST_CASE("a healthy run raises no alarm, whatever the seed") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Truth truth = ReadAndDecode(5, 0.5);
    truth.cpu_speed_noise = 0.08;
    Knobs knobs = EmulatedKnobs(8, 6, "emulated:launch=10ms,sample=1ms");
    knobs.seed = seed;
    const Diagnosis d = Why(Record(truth, {.knobs = knobs, .luck = seed}));
    INFO("seed " << seed << ": " << Explain(d));
    CHECK(d.healthy);
    CHECK(d.verdict == "healthy");
    CHECK(d.causes.empty());
    CHECK(d.bound == Bound::kCompute);
  }
}

TEST_CASE("a healthy run on the host's own cores raises no alarm") {
  Truth truth = ReadAndDecode(0.2, 0.2);
  truth.step_noise = 0.1;
  truth.cores = 4;
  const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(8, 2, "cpu")}));
  INFO(Explain(d));
  CHECK(d.healthy);
  CHECK(d.causes.empty());
}

TEST_CASE("passes shorter than what is primed are starved at their ends, and it says so") {
  const Truth truth = ReadAndDecode(20, 0.5);
  // 116 samples are 15 batches; 8 workers of 2 would prime 16.
  const RunRecord run = Record(truth, {.knobs = EmulatedKnobs(8, 8, "emulated:launch=20ms,sample=1ms"), .epochs = 10});
  const Diagnosis d = Why(run);
  INFO(Explain(d));
  CHECK_FALSE(d.healthy);
  CHECK(d.verdict == "data-starved: read");
  REQUIRE_FALSE(d.causes.empty());
  CHECK(Says(d.causes[0].advice, "end of every pass"));
  if (d.causes[0].fix) {
    RunSpec fixed{.knobs = d.causes[0].fix->knobs, .epochs = 10, .luck = 3};
    const double live = Summarize(Record(truth, fixed)).step_ms_mean;
    CHECK(live >= d.causes[0].fix->low);
    CHECK(live <= d.causes[0].fix->high);
  }
}

TEST_CASE("cheap loading in short passes is healthy") {
  const Diagnosis d = Why(
      Record(ReadAndDecode(0.2, 0.1), {.knobs = EmulatedKnobs(8, 8, "emulated:launch=20ms,sample=1ms"), .epochs = 10}));
  INFO(Explain(d));
  CHECK(d.healthy);
  CHECK(d.causes.empty());
}

TEST_CASE("waiting for each step is named when it costs time") {
  Truth truth = ReadAndDecode(0.1, 0.1);
  truth.cores = 4;
  truth.launch_ns = 3e6;
  truth.syncs_each_step = true;
  const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(8, 2)}));
  INFO(Explain(d));
  REQUIRE(Find(d, "sync-each-step") != nullptr);
  CHECK(d.verdict == "sync-each-step");
  CHECK_FALSE(Find(d, "sync-each-step")->fix.has_value());
  CHECK(Find(d, "slow-input") == nullptr);
  CHECK(Find(d, "batch-size") == nullptr);

  truth.syncs_each_step = false;
  Knobs one = EmulatedKnobs(8, 2);
  one.steps_in_flight = 1;
  const Diagnosis by_knob = Why(Record(truth, {.knobs = one}));
  INFO(Explain(by_knob));
  REQUIRE(Find(by_knob, "sync-each-step") != nullptr);
  REQUIRE(Find(by_knob, "sync-each-step")->fix.has_value());
  CHECK(Find(by_knob, "sync-each-step")->fix->knob == "steps_in_flight");
  CHECK(Find(by_knob, "sync-each-step")->fix->to == "2");
}

TEST_CASE("batches too small to hide their launch are named") {
  Truth truth = ReadAndDecode(0.05, 0.02);
  truth.cores = 4;
  truth.launch_ns = 5e6;
  const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(2, 2, "emulated:sample=1ms")}));
  INFO(Explain(d));
  REQUIRE(Find(d, "batch-size") != nullptr);
  CHECK(d.bound == Bound::kLaunch);
  REQUIRE(Find(d, "batch-size")->fix.has_value());
  CHECK(Find(d, "batch-size")->fix->to == "8");
}

TEST_CASE("more workers than cores that only queue for them are named beside the slow stage") {
  const Diagnosis d = Why(Record(ReadAndDecode(0.05, 10), {.knobs = EmulatedKnobs(8, 8), .steps = 80}));
  INFO(Explain(d));
  CHECK(d.verdict == "data-starved: decode");
  const Cause* crowd = Find(d, "too-many-workers");
  REQUIRE(crowd != nullptr);
  REQUIRE(crowd->fix.has_value());
  CHECK(std::stoi(crowd->fix->to) <= 3);
}

TEST_CASE("two causes at once each get their share") {
  Truth truth = ReadAndDecode(6, 0.1);
  truth.launch_ns = 6e6;
  truth.syncs_each_step = true;
  const Diagnosis d = Why(Record(truth, {.knobs = EmulatedKnobs(8, 1, "emulated:launch=20ms")}));
  INFO(Explain(d));
  REQUIRE(Find(d, "slow-input") != nullptr);
  CHECK(Find(d, "slow-input")->share > 0.2);
  CHECK(Says(Find(d, "slow-input")->evidence.back(), "simulated"));
}

TEST_CASE("a loss that is not a number is found in a run of normal speed") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 6)});
  run.iterations[42].loss = std::nan("");
  const Diagnosis d = Why(run);
  CHECK(d.verdict == "nan-loss");
  CHECK_FALSE(d.healthy);
  CHECK(Says(d.causes[0].evidence[0], "NaN at step 42"));
}

TEST_CASE("a sample that cannot be decoded is named") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 6), .steps = 40});
  run.outcome = "failed";
  run.outcome_message = "cannot decode BloodImage_00042.jpg: premature end of JPEG file";
  const Diagnosis d = Why(run);
  CHECK(d.verdict == "corrupt-sample");
  CHECK(Says(d.causes[0].evidence[0], "BloodImage_00042.jpg"));
  CHECK_FALSE(d.healthy);
}

TEST_CASE("workers started anew each epoch are named when that costs time") {
  RunRecord run = Record(ReadAndDecode(1, 0.2), {.knobs = EmulatedKnobs(8, 4), .epochs = 10});
  run.knobs.persistent_workers = false;
  // Every later epoch begins 100 ms later.
  int64_t late = 0;
  for (size_t i = 0; i < run.batches.size(); ++i) {
    const bool edge = i > 0 && run.batches[i].epoch != run.batches[i - 1].epoch;
    if (edge) late += 100'000'000;
    run.batches[i].load_begin_ns += late;
    run.batches[i].load_end_ns += late;
    IterationRecord& it = run.iterations[i];
    if (!edge) it.wait_begin_ns += late;
    if (edge) it.wait_begin_ns += late - 100'000'000;
    for (int64_t* time :
         {&it.wait_end_ns, &it.receive_begin_ns, &it.receive_end_ns, &it.launch_begin_ns, &it.launch_end_ns,
          &it.sync_begin_ns, &it.sync_end_ns, &it.device_begin_ns, &it.device_end_ns}) {
      *time += late;
    }
  }
  // What the last step of an epoch left on the device ended before the pause.
  run.end_ns += late;
  run.phases.back().end_ns = run.end_ns;
  const Diagnosis d = Why(run);
  INFO(Explain(d));
  REQUIRE(Find(d, "worker-respawn") != nullptr);
  REQUIRE(Find(d, "worker-respawn")->fix.has_value());
  CHECK(Find(d, "worker-respawn")->fix->knob == "persistent_workers");
}

TEST_CASE("a run without a step and a run without a model still get a verdict") {
  RunRecord empty;
  empty.begin_ns = 0;
  empty.end_ns = 60'000'000'000;
  empty.outcome = "timed-out";
  const Diagnosis stuck = Diagnose(empty, nullptr, 0.05);
  CHECK(stuck.verdict == "slow-start");
  CHECK_FALSE(stuck.healthy);
  CHECK(stuck.lines.size() == 3);

  const RunRecord run = Record(ReadAndDecode(20, 0.5), {.knobs = EmulatedKnobs(8, 1)});
  const Diagnosis d = Diagnose(run, nullptr, 0.05);
  CHECK(d.verdict == "data-starved: read");
  CHECK_FALSE(d.causes[0].fix.has_value());
}

TEST_CASE("the JSON of a diagnosis has every published key") {
  const auto json = DiagnosisJson(Why(Record(ReadAndDecode(20, 0.5), {.knobs = EmulatedKnobs(8, 1)})));
  for (const char* key : {"schema_version", "stallpoint_version", "verdict", "bound", "stage", "wait", "stall_share",
                          "healthy", "causes"}) {
    CHECK(json.contains(key));
  }
  for (const char* key : {"id", "share", "evidence", "fix", "advice"}) CHECK(json["causes"][0].contains(key));
  for (const char* key : {"knob", "from", "to", "expected_step_ms", "low", "high", "throughput_gain",
                          "throughput_gain_low", "throughput_gain_high"}) {
    CHECK(json["causes"][0]["fix"].contains(key));
  }
  CHECK(json["causes"][0]["fix"]["from"] == 1);
  CHECK(json["causes"][0]["fix"]["to"].is_number_integer());
  CHECK(json["wait"] == "io");
  const auto healthy = DiagnosisJson(Why(Record(ReadAndDecode(0.1, 0.1), {.knobs = EmulatedKnobs(8, 4)})));
  CHECK(healthy["stage"].is_null());
  CHECK(healthy["causes"].empty());
}

}  // namespace stallpoint
