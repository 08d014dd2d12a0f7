#include <algorithm>
#include <cmath>
#include <random>

#include "catch.h"
#include "reference_loader.h"
#include "replay/simulate/accounting.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {
namespace {

struct Case {
  DemandTape tape;
  std::vector<BatchWork> batches;
  std::vector<reference::Batch> reference;
};

// Batches of random samples with waits and computing, the same for the simulator and the reference. `reading`: the part
// of the waits that is for storage.
Case RandomCase(uint64_t seed, int64_t count, int64_t batch_size, int64_t epoch_batches, bool with_waits,
                double reading = 0, bool device_copies = false) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> wait(1 / 2e6), cpu(1 / 1e6), step(1 / 6e6);
  std::vector<std::vector<Demand>> rows;
  for (int64_t i = 0; i < count * batch_size; ++i) {
    // Either part of a wait is long enough for an event of its own.
    const double waits = with_waits ? (reading > 0 ? 200e3 : 20e3) + wait(random) : 0;
    rows.push_back({{waits, cpu(random), reading * waits}, {0, cpu(random)}});
  }
  std::vector<uint32_t> order(rows.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  Case c;
  c.tape = DemandTape::Build(rows, order, order, 1, order.size());
  for (int64_t b = 0; b < count; ++b) {
    BatchWork batch;
    batch.first_sample = b * batch_size;
    batch.samples = static_cast<int32_t>(batch_size);
    batch.opens_epoch = b == 0 || (epoch_batches > 0 && b % epoch_batches == 0);
    batch.worker = {0, 100e3};
    batch.receive_ns = cpu(random) / 10;
    batch.launch_ns = cpu(random) / 5;
    batch.step_ns = step(random);
    if (device_copies) batch.device_copy_ns = cpu(random);
    c.batches.push_back(batch);
    reference::Batch same;
    for (int64_t s = 0; s < batch_size; ++s) same.samples.push_back(rows[b * batch_size + s]);
    same.collate = batch.worker;
    same.opens_epoch = batch.opens_epoch;
    same.receive = batch.receive_ns;
    same.launch = batch.launch_ns;
    same.step = batch.step_ns;
    same.device_copy = batch.device_copy_ns;
    c.reference.push_back(std::move(same));
  }
  return c;
}

void CheckSame(const std::vector<StepTimes>& simulated, const std::vector<StepTimes>& played) {
  REQUIRE(simulated.size() == played.size());
  for (size_t i = 0; i < played.size(); ++i) {
    INFO("step " << i);
    REQUIRE(simulated[i].wait_end == Approx(played[i].wait_end).margin(1));
    REQUIRE(simulated[i].issued == Approx(played[i].issued).margin(1));
    REQUIRE(simulated[i].device_begin == Approx(played[i].device_begin).margin(1));
    REQUIRE(simulated[i].device_end == Approx(played[i].device_end).margin(1));
    REQUIRE(simulated[i].main_end == Approx(played[i].main_end).margin(1));
  }
}

// The most batches in memory at a time, told at each end of a load from the times of a play-out.
int64_t MostInMemory(const reference::Played& played) {
  int64_t most = 0;
  for (const reference::Interval& load : played.loads) {
    const double now = load.end;
    int64_t loaded = 0, released = 0;
    for (const reference::Interval& other : played.loads) loaded += other.end <= now;
    // Main takes back what had ended when it last looked.
    double looked = -1;
    for (const StepTimes& step : played.steps) looked = step.main_end < now ? step.main_end : looked;
    for (const StepTimes& step : played.steps) released += step.device_end <= looked;
    most = std::max(most, loaded - released);
  }
  return most;
}

// Deterministic batches: every sample costs `sample_ns` on the worker, every step `step_ns` on the device.
Case Even(int64_t count, int64_t batch_size, double sample_ns, double step_ns, int64_t epoch_batches = 0) {
  Case c;
  const std::vector<uint32_t> one = {0};
  c.tape = DemandTape::Build({{{sample_ns, 0}}}, one, one, 1, 16);
  for (int64_t b = 0; b < count; ++b) {
    BatchWork batch;
    batch.samples = static_cast<int32_t>(batch_size);
    batch.opens_epoch = b == 0 || (epoch_batches > 0 && b % epoch_batches == 0);
    batch.step_ns = step_ns;
    c.batches.push_back(batch);
  }
  return c;
}

Scenario Setting(int32_t workers, int32_t prefetch, int32_t ahead) {
  Scenario scenario;
  scenario.worker_count = workers;
  scenario.prefetch_depth = prefetch;
  scenario.steps_in_flight = ahead;
  scenario.cores = 1000;
  return scenario;
}

double StepNs(const SimulationResult& result, int64_t primed) { return WindowOf(result.steps, primed).step_ns(); }

}  // namespace

TEST_CASE("workers on slower cores compute for longer, and everything is as a play-out of that") {
  for (const double cores : {2.0, 16.0}) {
    for (const int64_t epoch : {0, 7}) {
      Case c = RandomCase(77, 40, 3, epoch, true);
      Scenario scenario = Setting(3, 2, 2);
      scenario.cores = cores;
      scenario.worker_slowness = {0.8, 1.3, 0.9};
      for (size_t b = 0; b < c.reference.size(); ++b) {
        const size_t place = epoch > 0 ? b % static_cast<size_t>(epoch) : b;
        const double slowness = scenario.worker_slowness[place % 3];
        for (auto& sample : c.reference[b].samples) {
          for (Demand& phase : sample) phase.cpu *= slowness;
        }
        c.reference[b].collate.cpu *= slowness;
      }
      INFO("cores " << cores << " epoch " << epoch);
      CheckSame(Simulate(c.tape, c.batches, scenario).steps, reference::Play(c.reference, {3, 2, 2, cores}).steps);
      if (cores > 4)
        CheckSame(SimulateSharedCores(c.tape, c.batches, scenario).steps,
                  reference::Play(c.reference, {3, 2, 2, cores}).steps);
    }
  }
}

TEST_CASE("the recurrence gives every time that a literal play-out of the threads gives") {
  for (int workers : {0, 1, 2, 3, 5}) {
    for (int prefetch : {1, 2, 4}) {
      for (int ahead : {1, 2, 3}) {
        for (int64_t epoch : {0, 7}) {
          const Case c = RandomCase(workers * 100 + prefetch * 10 + ahead, 40, 3, epoch, true);
          const Scenario scenario = Setting(workers, prefetch, ahead);
          const auto played = reference::Play(c.reference, {workers, prefetch, ahead, 1000, 0});
          INFO("W=" << workers << " P=" << prefetch << " Q=" << ahead << " epoch=" << epoch);
          const SimulationResult solved = SolveRecurrence(c.tape, c.batches, scenario);
          CheckSame(solved.steps, played.steps);
          const SimulationResult simulated = SimulateSharedCores(c.tape, c.batches, scenario);
          CheckSame(simulated.steps, played.steps);
          const int64_t counted = MostBatches(simulated, scenario), looked_for = MostBatches(solved, scenario);
          CHECK(counted == MostInMemory(played));
          CHECK(looked_for <= counted);
          CHECK(looked_for >= counted - 1 - counted / 10);
        }
      }
    }
  }
}

TEST_CASE("a device that copies its batches itself does so in turn with its steps, as a literal play-out of it does") {
  for (int workers : {0, 1, 3}) {
    for (int ahead : {1, 2, 3}) {
      for (double cores : {1.0, 1000.0}) {
        for (bool holds : {false, true}) {
          const Case c = RandomCase(workers * 10 + ahead, 40, 3, 7, true, 0, true);
          Scenario scenario = Setting(workers, 2, ahead);
          scenario.cores = cores;
          scenario.device_copies = true;
          scenario.copies_hold_main = holds;
          reference::Setting setting{workers, 2, ahead, cores};
          setting.copies_hold_main = holds;
          const auto played = reference::Play(c.reference, setting);
          INFO("W=" << workers << " Q=" << ahead << " C=" << cores << (holds ? ", main waits for copies" : ""));
          const auto check = [&](const SimulationResult& result) {
            CheckSame(result.steps, played.steps);
            REQUIRE(result.copies.size() == played.copies.size());
            for (size_t i = 0; i < played.copies.size(); ++i) {
              REQUIRE(result.copies[i].begin == Approx(played.copies[i].begin).margin(1));
              REQUIRE(result.copies[i].end == Approx(played.copies[i].end).margin(1));
            }
          };
          check(SimulateSharedCores(c.tape, c.batches, scenario));
          if (cores > 1) check(SolveRecurrence(c.tape, c.batches, scenario));
        }
      }
    }
  }
}

TEST_CASE("shared cores give every time that a literal play-out of the threads gives") {
  for (int workers : {0, 1, 2, 4, 7}) {
    for (double cores : {1.0, 2.0, 2.5, 4.0}) {
      for (double device_threads : {0.0, 1.0, 2.0}) {
        for (bool with_waits : {false, true}) {
          const Case c = RandomCase(workers * 100 + static_cast<uint64_t>(cores * 10), 30, 2, 11, with_waits);
          Scenario scenario = Setting(workers, 2, 2);
          scenario.cores = cores;
          scenario.device_threads = device_threads;
          const auto played = reference::Play(c.reference, {workers, 2, 2, cores, device_threads});
          INFO("W=" << workers << " C=" << cores << " T=" << device_threads << " waits=" << with_waits);
          CheckSame(SimulateSharedCores(c.tape, c.batches, scenario).steps, played.steps);
        }
      }
    }
  }
}

TEST_CASE("threads that never leave their core give every time that a literal play-out of them gives") {
  for (int workers : {0, 1, 2, 4, 7}) {
    for (double cores : {2.0, 3.0, 4.0}) {
      for (double device_threads : {0.0, 1.0, 2.0, 2.5}) {
        for (double crowding : {0.0, 0.2}) {
          const Case c = RandomCase(workers * 100 + static_cast<uint64_t>(cores * 10), 30, 2, 11, true);
          Scenario scenario = Setting(workers, 2, 2);
          scenario.cores = cores;
          scenario.device_threads = device_threads;
          scenario.crowding = crowding;
          scenario.migration_delay_ns = 1e30;
          reference::Setting setting{workers, 2, 2, cores, device_threads};
          setting.crowding = crowding;
          setting.migration_delay = 1e30;
          INFO("W=" << workers << " C=" << cores << " T=" << device_threads << " lost=" << crowding);
          CheckSame(SimulateSharedCores(c.tape, c.batches, scenario).steps,
                    reference::Play(c.reference, setting).steps);
        }
      }
    }
  }
}

TEST_CASE("threads that an idle core takes after a while take as long, on average, as in a literal play-out") {
  for (int workers : {2, 3, 6, 10}) {
    for (double cores : {2.0, 4.0}) {
      for (double delay : {1e4, 1e6, 1e7}) {
        Case c = RandomCase(static_cast<uint64_t>(workers), 600, 4, 11, true);
        Scenario scenario = Setting(workers, 2, 2);
        scenario.cores = cores;
        scenario.device_threads = 1;
        scenario.migration_delay_ns = delay;
        reference::Setting setting{workers, 2, 2, cores, 1};
        setting.migration_delay = delay;
        INFO("W=" << workers << " C=" << cores << " delay " << delay);
        double played = 0;
        for (setting.luck = 1; setting.luck <= 4; ++setting.luck) {
          played += reference::Play(c.reference, setting).steps.back().main_end / 4;
        }
        CHECK(SimulateSharedCores(c.tape, c.batches, scenario).steps.back().main_end == Approx(played).epsilon(0.02));
      }
    }
  }
}

TEST_CASE("shared storage gives every time that a literal play-out of the threads gives") {
  for (int workers : {1, 2, 4, 7}) {
    for (double cores : {2.0, 1000.0}) {
      for (double streams : {1.0, 1.5, 3.0, 100.0}) {
        for (double reading : {0.5, 1.0}) {
          const Case c = RandomCase(workers * 100 + static_cast<uint64_t>(cores), 30, 2, 11, true, reading);
          Scenario scenario = Setting(workers, 2, 2);
          scenario.cores = cores;
          scenario.storage_streams = streams;
          reference::Setting setting{workers, 2, 2, cores, 0};
          setting.storage_streams = streams;
          INFO("W=" << workers << " C=" << cores << " S=" << streams << " reading=" << reading);
          CheckSame(Simulate(c.tape, c.batches, scenario).steps, reference::Play(c.reference, setting).steps);
        }
      }
    }
  }
}

TEST_CASE("a run that goes on has the same steps, and its last ones share the cores with what is loaded for later") {
  Case c;
  for (int32_t i = 0; i < 200; ++i) {
    c.batches.push_back({.first_sample = i, .samples = 1, .opens_epoch = i == 0, .worker = {0, 1e6}, .step_ns = 4e6});
  }
  c.tape = DemandTape::Build({{{0, 4e6}}}, {}, std::vector<uint32_t>{0}, 1, 16);
  Scenario scenario;
  scenario.worker_count = 6;
  scenario.prefetch_depth = 4;
  scenario.cores = 2;
  scenario.device_threads = 1;
  const SimulationResult whole = SimulateSharedCores(c.tape, c.batches, scenario);
  scenario.most_steps = 150;
  const SimulationResult begun = SimulateSharedCores(c.tape, c.batches, scenario);
  REQUIRE(begun.steps.size() == 150);
  for (size_t i = 0; i < begun.steps.size(); ++i) CHECK(begun.steps[i].device_end == whole.steps[i].device_end);
  // 9 ms of computing a batch on 2 cores; once nothing is left to load a step takes the 4 ms of the device.
  const auto mean_step = [](const std::vector<StepTimes>& steps, size_t from, size_t to) {
    return (steps[to].device_end - steps[from].device_end) / static_cast<double>(to - from);
  };
  CHECK(mean_step(begun.steps, 50, 149) == Approx(4.5e6).epsilon(0.02));
  CHECK(mean_step(whole.steps, 190, 199) == Approx(4e6).epsilon(0.02));
}

TEST_CASE("hand-over times are the same in both ways of solving") {
  const Case c = RandomCase(5, 60, 2, 13, true);
  Scenario scenario = Setting(3, 2, 1);
  scenario.persistent_workers = false;
  scenario.latencies = {40e3, 60e3, 80e3, 30e3, 5e6};
  CheckSame(SolveRecurrence(c.tape, c.batches, scenario).steps, SimulateSharedCores(c.tape, c.batches, scenario).steps);
}

TEST_CASE("with even costs a step takes the longer of the device and the loaders") {
  const double sample = 5e6, step = 12e6;
  for (int32_t workers = 1; workers <= 6; ++workers) {
    const Case c = Even(400, 8, sample, step);
    const double expected = std::max(step, 8 * sample / workers);
    CHECK(StepNs(SolveRecurrence(c.tape, c.batches, Setting(workers, 2, 2)), 2 * workers) ==
          Approx(expected).epsilon(0.02));
  }
}

TEST_CASE("without workers loading and the device overlap only by the steps in flight") {
  const Case c = Even(200, 4, 2e6, 10e6);
  CHECK(StepNs(SolveRecurrence(c.tape, c.batches, Setting(0, 2, 1)), 0) == Approx(18e6).epsilon(0.01));
  CHECK(StepNs(SolveRecurrence(c.tape, c.batches, Setting(0, 2, 2)), 0) == Approx(10e6).epsilon(0.01));
}

TEST_CASE("an epoch's edge costs the first load of the next epoch") {
  const double load = 8 * 2e6, step = 20e6;
  const Case c = Even(60, 8, 2e6, step, 15);
  const auto result = SolveRecurrence(c.tape, c.batches, Setting(2, 2, 1));
  for (int64_t edge : {15, 30, 45}) {
    CHECK(result.steps[edge].device_end - result.steps[edge - 1].device_end == Approx(step + load));
  }
  CHECK(result.steps[20].device_end - result.steps[19].device_end == Approx(step));
}

TEST_CASE("workers that are not kept cost their start at every edge") {
  const Case c = Even(45, 8, 2e6, 20e6, 15);
  Scenario scenario = Setting(2, 2, 1);
  scenario.latencies.respawn_ns = 7e6;
  const double kept = SolveRecurrence(c.tape, c.batches, scenario).steps.back().device_end;
  scenario.persistent_workers = false;
  CHECK(SolveRecurrence(c.tape, c.batches, scenario).steps.back().device_end == Approx(kept + 2 * 7e6));
}

TEST_CASE("heavy tails slow a balanced loader as they should") {
  struct Known {
    double sigma;
    int64_t batch_size;
    double slow_down;
    double tolerance;
  };
  // Time per step over the time of the bottleneck, W=8, P=2, loaders and device balanced.
  for (const Known& known : {Known{0.25, 64, 1.002, 0.01}, Known{1, 8, 1.24, 0.06}, Known{2, 8, 2.56, 0.35}}) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> cost(std::log(1e6), known.sigma);
    std::vector<std::vector<Demand>> rows(1 << 17);
    for (auto& row : rows) row = {{0, cost(random)}};
    std::vector<uint32_t> order(rows.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    const DemandTape tape = DemandTape::Build(rows, order, order, 1, order.size());
    const double bottleneck = tape.mean().cpu * static_cast<double>(known.batch_size) / 8;
    std::vector<BatchWork> batches(rows.size() / known.batch_size);
    for (size_t b = 0; b < batches.size(); ++b) {
      batches[b].first_sample = static_cast<int64_t>(b) * known.batch_size;
      batches[b].samples = static_cast<int32_t>(known.batch_size);
      batches[b].opens_epoch = b == 0;
      batches[b].step_ns = bottleneck;
    }
    INFO("sigma " << known.sigma);
    CHECK(StepNs(SolveRecurrence(tape, batches, Setting(8, 2, 2)), 16) / bottleneck ==
          Approx(known.slow_down).epsilon(known.tolerance));
  }
}

TEST_CASE("out of order, a slow batch does not hold up the others, and every batch comes once") {
  const Case c = RandomCase(3, 200, 2, 0, true);
  Case slow = c;
  slow.batches[50].worker.wait = 500e6;
  Scenario scenario = Setting(4, 2, 1);
  const double in_order = SimulateSharedCores(slow.tape, slow.batches, scenario).steps[60].device_end;
  scenario.in_order = false;
  const auto result = Simulate(slow.tape, slow.batches, scenario);
  CHECK(result.steps[60].device_end < in_order - 200e6);
  double computed = 0, stated = 0;
  for (const StepTimes& step : result.steps) computed += step.device_end - step.device_begin;
  for (const BatchWork& batch : slow.batches) stated += batch.step_ns;
  CHECK(computed == Approx(stated));
}

TEST_CASE("the tape is cyclic and its sums are those of its phases") {
  const Case c = RandomCase(2, 5, 3, 0, true);
  const Demand wrapped = c.tape.Sum(13, 7);
  double wait = 0, cpu = 0;
  for (int64_t place = 13; place < 20; ++place) {
    for (const Demand& phase : c.tape.Phases(place)) {
      wait += phase.wait;
      cpu += phase.cpu;
    }
  }
  CHECK(wrapped.wait == Approx(wait));
  CHECK(wrapped.cpu == Approx(cpu));
}

}  // namespace stallpoint
