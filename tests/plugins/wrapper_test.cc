// The C++ wrapper: exceptions become codes, options are typed, and what a class overrides is what the host is offered.
#include <cstring>
#include <limits>
#include <memory>

#include "catch.h"
#include "stallpoint/plugin.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"

namespace {

using stallpoint::plugin::Error;
using stallpoint::plugin::Host;
using stallpoint::plugin::Options;
using stallpoint::testing::Contains;
using stallpoint::testing::FakeArena;
using stallpoint::testing::FakeHost;
using stallpoint::testing::LoadedWorkload;

struct NotAStandardException {};
struct LibraryException {
  int number;
};

[[maybe_unused]] const bool library_exceptions_are_known =
    stallpoint::plugin::AddErrorTranslator([](sp_error* error) -> sp_code {
      try {
        throw;
      } catch (const LibraryException&) {
        return stallpoint::plugin::FillError(error, SP_FAILED_PRECONDITION, "the library refused");
      } catch (...) {
        return SP_OK;
      }
    });

class Thrower : public stallpoint::plugin::Workload {
 public:
  static stallpoint::plugin::Description describe() {
    return {"thrower", "fails as told", "1.0", {{"how", "", ""}}, ""};
  }
  explicit Thrower(Host host) : host_(host) {}

  void open(const std::string&) override {
    const std::string how = Options(host_, describe().options).text("how");
    if (how == "bad_alloc") throw std::bad_alloc();
    if (how == "data_loss") throw Error(SP_DATA_LOSS, "a.jpg: not a JPEG");
    if (how == "runtime_error") throw std::runtime_error("the disk is gone");
    if (how == "odd") throw NotAStandardException{};
    if (how == "library") throw LibraryException{7};
    if (how == "long") throw Error(SP_INTERNAL, std::string(502, 'x') + "\u00e9" + "y");
  }
  void end() override { throw std::runtime_error("end is broken"); }
  void begin(const sp_knobs& knobs) override { seen_emulated_ = knobs.emulated; }
  int64_t sample_count() const override { return 3; }
  stallpoint::plugin::Sample load_sample(int32_t, uint64_t, int64_t, stallpoint::plugin::Arena arena) override {
    return {arena.array<char>(1000), 1000, static_cast<uint64_t>(seen_emulated_)};
  }
  void batch_layout(int32_t, const stallpoint::plugin::Samples&, stallpoint::plugin::Layout& layout) override {
    for (int i = 0; i < 9; ++i) layout.add(SP_DTYPE_U8, {1});
  }
  void collate(int32_t, const stallpoint::plugin::Samples&, const stallpoint::plugin::Batch&) override {}
  stallpoint::plugin::StepResult step(const stallpoint::plugin::Batch&) override {
    return {.loss = std::numeric_limits<double>::quiet_NaN()};
  }

 private:
  Host host_;
  int32_t seen_emulated_ = -1;
};

class Countdown : public Thrower {
 public:
  static stallpoint::plugin::Description describe() { return {"countdown", "a stream", "1.0", {}, ""}; }
  using Thrower::Thrower;
  int64_t sample_count() const override { return SP_SAMPLE_COUNT_UNKNOWN; }
  std::optional<stallpoint::plugin::Sample> next_sample(int32_t, int32_t, int32_t, stallpoint::plugin::Arena) override {
    if (left_ == 0) return std::nullopt;
    return stallpoint::plugin::Sample{.elements = left_--};
  }

 private:
  uint64_t left_ = 2;
};

class Thermometer : public stallpoint::plugin::Probe {
 public:
  static stallpoint::plugin::Description describe() {
    return {"thermometer", "how warm it is", "1.0", {{"how", "", "what goes wrong"}}, ""};
  }
  explicit Thermometer(Host host) : how_(Options(host, describe().options).text("how")) {
    if (how_ == "no_sensor") throw Error(SP_NOT_FOUND, "no sensor here; plug one in");
  }
  std::vector<stallpoint::plugin::Series> series() const override { return {{"inside", "K"}, {"outside", "K"}}; }
  int64_t min_poll_ns() const override { return 250'000'000; }
  void start() override { started_ = true; }
  void stop() override {
    started_ = false;
    if (how_ == "stuck") throw std::runtime_error("cannot stop");
  }
  void poll(int64_t, const stallpoint::plugin::Emitter& emit) override {
    emit("inside", started_ ? 293 : 0);
    if (how_ == "typo") emit("outsied", 273);
  }

 private:
  const std::string how_;
  bool started_ = false;
};

const sp_entry* ProbeEntry() { return stallpoint::plugin::Entry<Countdown, Thermometer>::Table(); }

// A probe of ProbeEntry(), with what creating it said.
struct LoadedProbe {
  explicit LoadedProbe(FakeHost& host, const char* id = "thermometer") {
    table.struct_size = sizeof(table);
    code = ProbeEntry()->create_probe(id, host.table(), &table, &error);
  }
  ~LoadedProbe() {
    if (code == SP_OK) table.destroy(table.self);
  }
  LoadedProbe(const LoadedProbe&) = delete;
  LoadedProbe& operator=(const LoadedProbe&) = delete;

  sp_probe table = {};
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  sp_code code;
};

const sp_entry* TestEntry() { return stallpoint::plugin::Entry<Thrower, Countdown>::Table(); }

stallpoint::testing::Answer OpenWith(const std::string& how) {
  FakeHost host({{"how", how}});
  LoadedWorkload workload(TestEntry(), "thrower", host);
  return workload.open();
}

Options OptionsOf(FakeHost& host) {
  return Options(Host(host.table()), {{"wait", "20ms", ""},
                                      {"size", "8GiB", ""},
                                      {"count", "3", ""},
                                      {"on", "yes", ""},
                                      {"rate", "0.5", ""},
                                      {"kind", "b", ""}});
}

}  // namespace

TEST_CASE("an exception becomes a code and its message") {
  CHECK(OpenWith("").code == SP_OK);
  CHECK(OpenWith("bad_alloc").code == SP_RESOURCE_EXHAUSTED);
  CHECK(OpenWith("data_loss").code == SP_DATA_LOSS);
  CHECK(OpenWith("data_loss").message == "a.jpg: not a JPEG");
  CHECK(OpenWith("runtime_error").code == SP_INTERNAL);
  CHECK(OpenWith("runtime_error").message == "the disk is gone");
  CHECK(OpenWith("odd").code == SP_UNKNOWN);
}

TEST_CASE("an adapter's translator decides what its library's exceptions mean") {
  CHECK(OpenWith("library").code == SP_FAILED_PRECONDITION);
  CHECK(OpenWith("library").message == "the library refused");
}

TEST_CASE("a message that does not fit is cut between characters") {
  CHECK(OpenWith("long").message == std::string(502, 'x'));
}

TEST_CASE("a failure in a callback that cannot fail is logged") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  workload.end();
  REQUIRE(host.log().size() == 1);
  CHECK(host.log()[0] == "thrower: end failed: end is broken");
}

TEST_CASE("an error struct of an older, shorter version is left inside its bounds") {
  sp_error error = {};
  error.struct_size = offsetof(sp_error, message) + 4;
  std::memset(error.message, '#', sizeof(error.message));
  stallpoint::plugin::FillError(&error, SP_INTERNAL, "long message");
  CHECK(std::string(error.message) == "lon");
  CHECK(error.message[4] == '#');
}

TEST_CASE("a sample outside the data set is refused before the plugin sees it") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  FakeArena arena;
  sp_sample sample;
  const auto answer = workload.load(3, arena, &sample);
  CHECK(answer.code == SP_OUT_OF_RANGE);
  CHECK(answer.message == "sample 3 of a data set of 3 samples");
}

TEST_CASE("an arena that has reached its limit is memory exhausted, not a crash") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  FakeArena arena(1500);
  sp_sample sample;
  CHECK(workload.load(0, arena, &sample).code == SP_OK);
  CHECK(workload.load(1, arena, &sample).code == SP_RESOURCE_EXHAUSTED);
}

TEST_CASE("a layout of more tensors than a batch holds is refused") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  stallpoint::testing::BuiltBatch batch;
  CHECK(workload.build({0}, &batch).code == SP_OUT_OF_RANGE);
}

TEST_CASE("the host is offered what the class overrides") {
  FakeHost host;
  LoadedWorkload map_style(TestEntry(), "thrower", host);
  CHECK(map_style.table().load_sample != nullptr);
  CHECK(map_style.table().next_sample == nullptr);
  CHECK(map_style.table().batch_sampler == nullptr);
  LoadedWorkload stream(TestEntry(), "countdown", host);
  CHECK(stream.table().next_sample != nullptr);
}

TEST_CASE("a stream ends with out-of-range") {
  FakeHost host;
  LoadedWorkload stream(TestEntry(), "countdown", host);
  FakeArena arena;
  sp_sample sample = {};
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  const auto next = [&] {
    return stream.table().next_sample(stream.table().self, 0, 0, 1, arena.table(), &sample, &error);
  };
  CHECK(next() == SP_OK);
  CHECK(sample.elements == 2);
  CHECK(next() == SP_OK);
  CHECK(next() == SP_OUT_OF_RANGE);
}

TEST_CASE("a NaN loss is reported, not refused") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  stallpoint::testing::BuiltBatch batch;
  sp_step_result result;
  REQUIRE(workload.step(batch, &result).code == SP_OK);
  CHECK(result.has_loss == 1);
  CHECK(std::isnan(result.loss));
}

TEST_CASE("an older host's shorter table of workload functions is not written past its end") {
  FakeHost host;
  sp_workload whole;
  std::memset(&whole, '#', sizeof(whole));
  whole.struct_size = offsetof(sp_workload, get_extension);
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  REQUIRE(TestEntry()->create_workload("thrower", host.table(), &whole, &error) == SP_OK);
  CHECK(whole.struct_size == offsetof(sp_workload, get_extension));
  unsigned char after = 0;
  std::memcpy(&after, reinterpret_cast<char*>(&whole) + offsetof(sp_workload, get_extension), 1);
  CHECK(after == '#');

  sp_workload second = {};
  second.struct_size = sizeof(second);
  REQUIRE(TestEntry()->create_workload("thrower", host.table(), &second, &error) == SP_OK);
  second.destroy(second.self);
  second.destroy(whole.self);
}

TEST_CASE("a host that is too old is refused with both sizes") {
  FakeHost host;
  sp_host old = *host.table();
  old.struct_size = 64;
  sp_workload out = {};
  out.struct_size = sizeof(out);
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  CHECK(TestEntry()->create_workload("thrower", &old, &out, &error) == SP_FAILED_PRECONDITION);
  CHECK(Contains(error.message, "has 64 bytes, expected at least 144"));
}

TEST_CASE("knobs of an older host leave the fields it did not know at zero") {
  FakeHost host;
  LoadedWorkload workload(TestEntry(), "thrower", host);
  sp_knobs knobs = stallpoint::testing::Knobs();
  knobs.emulated = 1;
  knobs.struct_size = offsetof(sp_knobs, emulated);
  REQUIRE(workload.begin(knobs).code == SP_OK);
  FakeArena arena;
  sp_sample sample;
  REQUIRE(workload.load(0, arena, &sample).code == SP_OK);
  CHECK(sample.elements == 0);
}

TEST_CASE("an unknown id is answered with the ids that are there") {
  FakeHost host;
  sp_workload out = {};
  out.struct_size = sizeof(out);
  sp_error error = {sizeof(sp_error), SP_OK, ""};
  CHECK(TestEntry()->create_workload("detector", host.table(), &out, &error) == SP_NOT_FOUND);
  CHECK(std::string(error.message) == "no workload 'detector' in this plugin; it has: thrower, countdown");
  sp_probe probe = {};
  CHECK(TestEntry()->create_probe("cpu", host.table(), &probe, &error) == SP_NOT_FOUND);
}

TEST_CASE("each class of a plugin has its descriptor") {
  REQUIRE(TestEntry()->plugin_count == 2);
  CHECK(std::string(TestEntry()->descriptor(0)->id) == "thrower");
  CHECK(std::string(TestEntry()->descriptor(0)->options[0].key) == "how");
  CHECK(std::string(TestEntry()->descriptor(1)->id) == "countdown");
  CHECK(TestEntry()->descriptor(2) == nullptr);
}

TEST_CASE("options are read in their units, and by default as declared") {
  FakeHost host({{"wait", "1.5s"}, {"count", "-7"}, {"on", "0"}});
  const Options options = OptionsOf(host);
  CHECK(options.time_ns("wait") == 1'500'000'000);
  CHECK(options.size_bytes("size") == 8589934592);
  CHECK(options.integer("count") == -7);
  CHECK_FALSE(options.flag("on"));
  CHECK(options.number("rate") == 0.5);
  CHECK(options.choice("kind", {"a", "b"}) == 1);
}

TEST_CASE("an option that does not parse is refused by name, with what was found and expected") {
  FakeHost host(
      {{"wait", "20"}, {"size", "8 apples"}, {"count", "3.5"}, {"on", "maybe"}, {"rate", "2"}, {"kind", "z"}});
  const Options options = OptionsOf(host);
  CHECK_THROWS_WITH(options.time_ns("wait"),
                    "option wait: found '20', expected a time with a unit: ns, us, ms, s or min");
  CHECK_THROWS_WITH(options.size_bytes("size"),
                    "option size: found '8 apples', expected a size in B, kB, MB, GB, TB, KiB, MiB, GiB or TiB");
  CHECK_THROWS_WITH(options.integer("count"), "option count: found '3.5', expected a whole number");
  CHECK_THROWS_WITH(options.flag("on"), "option on: found 'maybe', expected 0 or 1");
  CHECK_THROWS_WITH(options.number("rate", 0, 1), "option rate: found '2', expected 0 to 1");
  CHECK_THROWS_WITH(options.choice("kind", {"a", "b"}), "option kind: found 'z', expected one of a b");
}

TEST_CASE("nothing is recorded while recording is off") {
  FakeHost host;
  const Host wrapped(host.table());
  const uint32_t name = wrapped.intern("read");
  host.enable(false);
  {
    stallpoint::plugin::Stage stage(wrapped, name);
    stallpoint::plugin::StepParts parts(wrapped);
    parts.forward();
  }
  CHECK(host.stages().empty());
  CHECK(host.marks().empty());
}

TEST_CASE("a stage that ends by an exception is still ended, with the bytes it had read") {
  FakeHost host;
  const Host wrapped(host.table());
  const uint32_t name = wrapped.intern("read");
  try {
    stallpoint::plugin::Stage stage(wrapped, name);
    stage.bytes(100);
    stage.bytes(20);
    throw Error(SP_DATA_LOSS, "short file");
  } catch (const Error&) {
  }
  REQUIRE(host.stages().size() == 1);
  CHECK(host.stages()[0].name == "read");
  CHECK(host.stages()[0].bytes == 120);
}

TEST_CASE("the parts of a step follow one another and end with it") {
  FakeHost host;
  {
    stallpoint::plugin::StepParts parts{Host(host.table())};
    parts.forward();
    parts.backward();
    parts.optimizer();
  }
  CHECK(host.marks() == std::vector<int32_t>{SP_MARK_FORWARD, SP_MARK_BACKWARD, SP_MARK_OPTIMIZER, SP_MARK_END});
}

TEST_CASE("a probe is offered with its series and period, and its values carry their names") {
  FakeHost host;
  LoadedProbe probe(host);
  REQUIRE(probe.code == SP_OK);
  REQUIRE(probe.table.series_count == 2);
  CHECK(std::string(probe.table.series[1].name) == "outside");
  CHECK(std::string(probe.table.series[1].unit) == "K");
  CHECK(probe.table.min_poll_ns == 250'000'000);
  REQUIRE(probe.table.start(probe.table.self, &probe.error) == SP_OK);
  REQUIRE(probe.table.poll(probe.table.self, 0, &probe.error) == SP_OK);
  CHECK(host.take_counters() == std::vector<std::pair<std::string, double>>{{"inside", 293}});
  probe.table.stop(probe.table.self);
  CHECK(host.log().empty());
}

TEST_CASE("what a probe throws is a code with its message, and a warning where there is no code") {
  FakeHost nothing(std::map<std::string, std::string>{{"how", "no_sensor"}});
  const LoadedProbe missing(nothing);
  CHECK(missing.code == SP_NOT_FOUND);
  CHECK(std::string(missing.error.message) == "no sensor here; plug one in");

  FakeHost misspelt(std::map<std::string, std::string>{{"how", "typo"}});
  LoadedProbe typo(misspelt);
  CHECK(typo.table.poll(typo.table.self, 0, &typo.error) == SP_INTERNAL);
  CHECK(std::string(typo.error.message) == "series outsied is emitted but not declared in series()");

  FakeHost jammed(std::map<std::string, std::string>{{"how", "stuck"}});
  const LoadedProbe stuck(jammed);
  stuck.table.stop(stuck.table.self);
  CHECK(jammed.log() == std::vector<std::string>{"thermometer: stop failed: cannot stop"});
}

TEST_CASE("workloads and probes of one plugin are told apart") {
  CHECK(ProbeEntry()->descriptor(0)->kind == SP_KIND_WORKLOAD);
  CHECK(ProbeEntry()->descriptor(1)->kind == SP_KIND_PROBE);
  FakeHost host;
  const LoadedProbe probe(host, "countdown");
  CHECK(probe.code == SP_NOT_FOUND);
  CHECK(std::string(probe.error.message) == "no probe 'countdown' in this plugin; it has: countdown, thermometer");
}
