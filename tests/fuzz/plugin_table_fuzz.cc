// The tables a plugin hands over: sizes, counts, strides and texts as the input says, behind pointers that are sound
// or null (the host cannot tell a wild pointer from a good one). What passes the checks must be safe to use.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "harness/host/options.h"
#include "harness/host/plugin_library.h"
#include "harness/host/probe.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t byte() {
    if (at_ == size_) return 0;
    return data_[at_++];
  }
  int32_t number() {
    int32_t value = 0;
    for (int i = 0; i < 4; ++i) value = static_cast<int32_t>(static_cast<uint32_t>(value) << 8 | byte());
    return value;
  }
  // Mostly `usual`, so that what lies behind the check is reached.
  int64_t near(int64_t usual) { return byte() % 8 == 0 ? int64_t{number()} : usual; }
  // Null, or up to 15 bytes.
  const char* text() {
    const uint8_t length = byte();
    if (length % 16 == 15) return nullptr;
    std::string& text = texts_.emplace_back();
    for (int i = 0; i < length % 16; ++i) text.push_back(static_cast<char>(byte()));
    return text.c_str();
  }
  template <typename T>
  T* or_null(T* pointer) {
    return byte() % 16 == 0 ? nullptr : pointer;
  }

 private:
  const uint8_t* data_;
  const size_t size_;
  size_t at_ = 0;
  std::deque<std::string> texts_;
};

// `descriptor` of a C table is a plain function: what it returns lies here.
std::vector<const sp_descriptor*> given;

const sp_descriptor* Given(int32_t i) {
  return i >= 0 && static_cast<size_t>(i) < given.size() ? given[static_cast<size_t>(i)] : nullptr;
}

sp_code Succeed(void*, sp_error*) { return SP_OK; }
sp_code Poll(void*, int64_t, sp_error*) { return SP_OK; }
void Nothing(void*) {}

void CheckProbe(Input& input) {
  constexpr int kSeries = 4;
  std::vector<sp_series> series(kSeries);
  for (sp_series& one : series) {
    one.struct_size = static_cast<uint32_t>(input.near(sizeof(sp_series)));
    one.name = input.byte() % 4 == 0 ? "same" : input.text();
    one.unit = input.byte() % 2 == 0 ? "bytes" : input.text();
  }
  sp_probe probe = {};
  probe.struct_size = static_cast<uint32_t>(input.near(sizeof(sp_probe)));
  probe.series_count = input.byte() % (kSeries + 1);
  probe.series_stride = sizeof(sp_series);
  probe.series = input.or_null(series.data());
  probe.min_poll_ns = input.near(250'000'000);
  probe.start = input.or_null(&Succeed);
  probe.stop = input.or_null(&Nothing);
  probe.poll = input.or_null(&Poll);
  probe.destroy = input.or_null(&Nothing);
  if (input.byte() % 8 == 0) probe.series_count = input.byte() % 2 == 0 ? -1 : int64_t{1} << 40;
  if (input.byte() % 8 == 0) probe.series_stride = input.byte() % sizeof(sp_series);
  const auto checked = stallpoint::CheckProbeTable("fuzzed", probe);
  if (!checked.ok()) {
    Require(!checked.status().message().empty());
    return;
  }
  Require(static_cast<int64_t>(checked->size()) == probe.series_count && probe.min_poll_ns >= 0);
  for (const stallpoint::ProbeSeries& one : *checked) Require(!one.name.empty() && !one.unit.empty());
}

sp_code CreateWorkload(const char*, const sp_host*, sp_workload*, sp_error*) { return SP_NOT_FOUND; }
sp_code CreateProbe(const char*, const sp_host*, sp_probe*, sp_error*) { return SP_NOT_FOUND; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kOptions = 4;
  Input input(data, size);
  std::deque<sp_descriptor> descriptors;
  std::deque<std::vector<sp_option>> options;
  given.clear();
  for (int d = input.byte() % 4; d > 0; --d) {
    std::vector<sp_option>& list = options.emplace_back(kOptions);
    for (sp_option& option : list) {
      option.struct_size = static_cast<uint32_t>(input.near(sizeof(sp_option)));
      option.key = input.text();
      option.default_value = input.text();
      option.help = input.text();
    }
    sp_descriptor& descriptor = descriptors.emplace_back();
    descriptor = {.struct_size = static_cast<uint32_t>(input.near(sizeof(sp_descriptor))),
                  .kind = static_cast<int32_t>(input.near(SP_KIND_WORKLOAD)),
                  .id = input.byte() % 2 == 0 ? "workload" : input.text(),
                  .summary = input.text(),
                  .version = input.text(),
                  .option_count = input.byte() % (kOptions + 1),
                  .option_stride = sizeof(sp_option),
                  .options = input.or_null(list.data())};
    // Claims of more than is there must be refused by what can be seen, so these are out of all proportion.
    if (input.byte() % 8 == 0) descriptor.option_count = input.byte() % 2 == 0 ? -1 : int64_t{1} << 40;
    if (input.byte() % 8 == 0) descriptor.option_stride = input.byte() % sizeof(sp_option);
    given.push_back(input.or_null(&descriptor));
  }
  sp_entry entry = {.struct_size = static_cast<uint32_t>(input.near(sizeof(sp_entry))),
                    .abi_major = static_cast<int32_t>(input.near(SP_ABI_MAJOR)),
                    .abi_minor = static_cast<int32_t>(input.near(SP_ABI_MINOR)),
                    .plugin_count = static_cast<int32_t>(input.near(static_cast<int64_t>(given.size()))),
                    .build_fingerprint = input.text(),
                    .descriptor = input.or_null(&Given),
                    .create_workload = input.or_null(&CreateWorkload),
                    .create_probe = input.or_null(&CreateProbe)};

  const auto checked = stallpoint::CheckEntry("fuzzed.so", input.or_null(&entry));
  CheckProbe(input);
  if (!checked.ok()) {
    Require(!checked.status().message().empty());
    return 0;
  }
  for (const sp_descriptor* descriptor : *checked) {
    size_t length = std::strlen(descriptor->id) + std::strlen(descriptor->summary) + std::strlen(descriptor->version);
    std::map<std::string, std::string> all;
    for (const sp_option* option : stallpoint::OptionsOf(*descriptor)) {
      length += std::strlen(option->default_value) + std::strlen(option->help);
      all[option->key] = option->default_value;
    }
    Require(length > 0);
    Require(stallpoint::CheckOptions(all, *descriptor).ok());
    all["no_such_option_of_any_plugin"] = "";
    Require(!stallpoint::CheckOptions(all, *descriptor).ok());
  }
  return 0;
}
