// What recording costs the thread that records, in nanoseconds of its CPU time, and what it costs in bytes.
//
// Each figure is the mean of a burst that fits in the ring, repeated; rows show the least, the median and the largest
// repetition. Clock reads are measured in the same repetition as the spans they are compared with.
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/core.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"
#include "traces/writer.h"

namespace stallpoint {
namespace {

constexpr int kRepeats = 31;
constexpr int kSpansPerBurst = 20'000;
constexpr int kStagesPerBurst = 2'000;

uint64_t ThreadCpuNs() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
}

template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r"(value) : "memory");
}

// CPU nanoseconds per call of `body`, of the calling thread.
template <typename Body>
double NsPerCall(int calls, Body body) {
  const uint64_t begin = ThreadCpuNs();
  for (int i = 0; i < calls; ++i) {
    body(i);
    asm volatile("" : : : "memory");  // nothing is kept in registers from one call to the next
  }
  return static_cast<double>(ThreadCpuNs() - begin) / calls;
}

struct Figure {
  std::string name;
  int calls;
  std::function<double(int calls)> burst;
};

struct Ids {
  uint32_t span, stage, series;
};

std::vector<Figure> Figures(const Ids& ids) {
  return {
      {"two clock reads", kSpansPerBurst,
       [](int calls) {
         return NsPerCall(calls, [](int) {
           Keep(Ticks());
           Keep(Ticks());
         });
       }},
      {"plain span", kSpansPerBurst,
       [ids](int calls) {
         return NsPerCall(calls, [ids](int) {
           if (ThreadLog* log = ThreadLog::Current()) {
             const uint64_t begin = Ticks();
             log->Span(ids.span, begin, Ticks());
           }
         });
       }},
      {"counter value", kSpansPerBurst,
       [ids](int calls) {
         return NsPerCall(calls, [ids](int i) {
           if (ThreadLog* log = ThreadLog::Current()) log->Counter(ids.series, i);
         });
       }},
      {"heartbeat", kSpansPerBurst,
       [](int calls) {
         return NsPerCall(calls, [](int) {
           if (ThreadLog* log = ThreadLog::Current()) log->Heartbeat();
         });
       }},
      {"reading of a thread's use", kStagesPerBurst,
       [](int calls) { return NsPerCall(calls, [](int) { Keep(ReadThreadUsage().cpu_ns); }); }},
      {"sample stage, one after another", kStagesPerBurst,
       [ids](int calls) {
         return NsPerCall(calls, [ids](int) {
           BeginStage(ids.stage);
           EndStage(100);
         });
       }},
  };
}

struct Row {
  std::string name;
  int threads;
  bool recorded;
  std::vector<double> ns;
};

// Runs all figures on `threads` threads at a time and adds a row for each.
void Measure(Recorder* recorder, const Ids& ids, int threads, std::vector<Row>* rows) {
  const std::vector<Figure> figures = Figures(ids);
  const size_t first_row = rows->size();
  for (const Figure& figure : figures) rows->push_back({figure.name, threads, recorder != nullptr, {}});
  std::vector<std::vector<double>> of_thread(figures.size() * static_cast<size_t>(threads));
  std::barrier together(threads);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      if (recorder) recorder->AttachThread({});
      for (int repeat = -1; repeat < kRepeats; ++repeat) {
        for (size_t f = 0; f < figures.size(); ++f) {
          together.arrive_and_wait();
          const double ns = figures[f].burst(figures[f].calls);
          together.arrive_and_wait();
          if (recorder && t == 0) recorder->Flush();
          // The first round warms up.
          if (repeat >= 0) of_thread[f * static_cast<size_t>(threads) + static_cast<size_t>(t)].push_back(ns);
        }
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (size_t f = 0; f < figures.size(); ++f) {
    for (int t = 0; t < threads; ++t) {
      const auto& ns = of_thread[f * static_cast<size_t>(threads) + static_cast<size_t>(t)];
      (*rows)[first_row + f].ns.insert((*rows)[first_row + f].ns.end(), ns.begin(), ns.end());
    }
  }
}

void Print(std::vector<Row> rows) {
  fmt::print("{:<34}{:>9}{:>8}{:>9}{:>9}{:>9}\n", "CPU ns per call", "recorded", "threads", "min", "median", "max");
  for (Row& row : rows) {
    std::sort(row.ns.begin(), row.ns.end());
    fmt::print("{:<34}{:>9}{:>8}{:>9.2f}{:>9.2f}{:>9.2f}\n", row.name, row.recorded ? "yes" : "no", row.threads,
               row.ns.front(), row.ns[row.ns.size() / 2], row.ns.back());
  }
}

// Counts the bytes of chunks on their way to a file.
class CountingWriter : public TraceWriter {
 public:
  CountingWriter(std::unique_ptr<TraceWriter> file, uint64_t* chunk_bytes, uint64_t* file_bytes)
      : file_(std::move(file)), chunk_bytes_(chunk_bytes), file_bytes_(file_bytes) {}
  absl::Status Write(const trace::Chunk& chunk) override {
    *chunk_bytes_ += chunk.ByteSizeLong();
    const absl::Status status = file_->Write(chunk);
    *file_bytes_ = file_->bytes_written();
    return status;
  }
  absl::Status Sync() override { return file_->Sync(); }
  const absl::Status& status() const override { return file_->status(); }
  uint64_t bytes_written() const override { return file_->bytes_written(); }

 private:
  const std::unique_ptr<TraceWriter> file_;
  uint64_t* const chunk_bytes_;
  uint64_t* const file_bytes_;
};

// Operators of training steps: 104 a step of 40 names, 2 to 200 microseconds, and one within every third of them.
uint64_t RecordOperators(Recorder& recorder, ThreadLog& log) {
  std::mt19937_64 random(1);
  std::vector<uint32_t> names;
  for (int i = 0; i < 40; ++i) names.push_back(recorder.Intern(fmt::format("aten::operator_{}", i)));
  const double us = TicksPerSecond() * 1e-6;
  const auto ticks = [&](double low_us, double high_us) {
    return static_cast<uint64_t>(us * std::uniform_real_distribution<double>(low_us, high_us)(random));
  };
  uint64_t now = Ticks(), spans = 0;
  for (int step = 0; step < 2000; ++step) {
    for (int i = 0; i < 104; ++i) {
      const uint64_t outer = now += ticks(0.5, 20);
      if (i % 3 == 0) {
        const uint64_t inner = now += ticks(0.2, 2);
        now += ticks(2, 200);
        log.Span(names[static_cast<size_t>(i + 1) % 40], inner, now);
        ++spans;
      }
      now += ticks(2, 200);
      log.Span(names[static_cast<size_t>(i) % 40], outer, now);
      ++spans;
    }
    if (step % 100 == 99) recorder.Flush();
  }
  return spans;
}

// Samples of an image loader in a random order: read, decode, transform.
uint64_t RecordSamples(Recorder& recorder, ThreadLog& log) {
  std::mt19937_64 random(2);
  const uint32_t stages[] = {recorder.Stage("read", trace::STAGE_KIND_SAMPLE),
                             recorder.Stage("decode", trace::STAGE_KIND_SAMPLE),
                             recorder.Stage("transform", trace::STAGE_KIND_SAMPLE)};
  const double ns_ticks = TicksPerSecond() * 1e-9;
  uint64_t now = Ticks(), spans = 0;
  for (int batch = 0; batch < 1000; ++batch) {
    for (int i = 0; i < 32; ++i) {
      const auto sample = static_cast<int64_t>(random() % 1'281'167);
      for (int stage = 0; stage < 3; ++stage, ++spans) {
        const uint64_t cpu_ns = 50'000 + random() % 2'000'000;
        const uint64_t run_queue_ns = random() % 4 == 0 ? random() % 300'000 : 0;
        const uint64_t begin = now;
        now += static_cast<uint64_t>(ns_ticks * static_cast<double>(cpu_ns + run_queue_ns + random() % 500'000));
        log.CostSpan(stages[stage], begin, now, batch, sample, {cpu_ns, run_queue_ns},
                     stage == 0 ? 20'000 + random() % 200'000 : 0);
        now += static_cast<uint64_t>(2000 * ns_ticks);
      }
    }
    if (batch % 50 == 49) recorder.Flush();
  }
  return spans;
}

void MeasureBytes(const std::string& what, uint64_t (*record)(Recorder&, ThreadLog&)) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("stallpoint-record-cost-{}", getpid());
  uint64_t chunk_bytes = 0, file_bytes = 0;
  Recorder::Options options;
  options.path = path;
  options.process_counters = false;
  options.open_writer = [&](const std::string& file, uint64_t writer_id,
                            TraceWriter::Options writer_options) -> absl::StatusOr<std::unique_ptr<TraceWriter>> {
    auto writer = TraceWriter::Open(file, writer_id, writer_options);
    if (!writer.ok()) return writer.status();
    return std::make_unique<CountingWriter>(*std::move(writer), &chunk_bytes, &file_bytes);
  };
  auto recorder = Recorder::Start(options);
  if (!recorder.ok()) {
    fmt::print(stderr, "{}\n", recorder.status().ToString());
    std::exit(7);
  }
  ThreadLog* log = (*recorder)->AttachThread({});
  const uint64_t spans = record(**recorder, *log);
  const absl::Status finished = (*recorder)->Finish(trace::OUTCOME_OK, "");
  std::filesystem::remove(path);
  const trace::Accounting total = (*recorder)->accounting();
  if (!finished.ok() || total.recorded() != spans) {
    fmt::print(stderr, "{} of {} spans were recorded: {}\n", total.recorded(), spans, finished.ToString());
    std::exit(7);
  }
  const auto n = static_cast<double>(spans);
  fmt::print("{:<34}{:>10.2f}{:>10.2f}{:>16.1f}\n", what, static_cast<double>(chunk_bytes) / n,
             static_cast<double>(file_bytes) / n, static_cast<double>(total.recorder_cpu_ns()) / n);
}

int Main() {
  std::vector<Row> rows;
  for (const int threads : {1, 4}) {
    Measure(nullptr, {1, 1, 1}, threads, &rows);
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / fmt::format("stallpoint-record-cost-{}", getpid());
    Recorder::Options options;
    options.path = path;
    auto recorder = Recorder::Start(options);
    if (!recorder.ok()) {
      fmt::print(stderr, "{}\n", recorder.status().ToString());
      return 7;
    }
    const Ids ids = {(*recorder)->Intern("operator"), (*recorder)->Stage("decode", trace::STAGE_KIND_SAMPLE),
                     (*recorder)->Series("value", "1")};
    Measure(recorder->get(), ids, threads, &rows);
    const absl::Status finished = (*recorder)->Finish(trace::OUTCOME_OK, "");
    std::filesystem::remove(path);
    if (!finished.ok() || (*recorder)->accounting().dropped() > 0) {
      fmt::print(stderr, "{} events were dropped: the figures are not those of recording\n",
                 (*recorder)->accounting().dropped());
      return 7;
    }
  }
  Print(std::move(rows));
  fmt::print("\n{:<34}{:>10}{:>10}{:>16}\n", "bytes per span", "chunks", "file", "recorder CPU ns");
  MeasureBytes("operators (plain)", RecordOperators);
  MeasureBytes("sample stages (with costs)", RecordSamples);
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main() { return stallpoint::Main(); }
