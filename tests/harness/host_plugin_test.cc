#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "harness/host/elf_check.h"
#include "harness/host/plugin_library.h"
#include "harness/host/plugin_search.h"
#include "tests/harness/scratch_folder.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

std::string TestPlugin(const std::string& name) { return STALLPOINT_BINARY_DIR "/tests/plugins/" + name + ".so"; }

std::string Refusal(const std::string& path) { return std::string(PluginLibrary::Load(path).status().message()); }

// A copy of a plugin with one byte of its header changed.
std::string WithByte(const ScratchFolder& folder, size_t offset, char value) {
  const fs::path copy = folder.path() / "changed.so";
  fs::copy_file(TestPlugin("misbehaving"), copy, fs::copy_options::overwrite_existing);
  std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(value);
  return copy.string();
}

void SetPluginPath(const std::string& path) { setenv("STALLPOINT_PLUGIN_PATH", path.c_str(), 1); }

TEST_CASE("A plugin that is in order is loaded with its descriptors") {
  const auto library = PluginLibrary::Load(TestPlugin("misbehaving"));
  REQUIRE(library.ok());
  REQUIRE(library->Find("misbehaving", SP_KIND_WORKLOAD) != nullptr);
  CHECK(library->Find("misbehaving", SP_KIND_WORKLOAD)->option_count == 5);
  CHECK(library->Find("misbehaving", SP_KIND_PROBE) == nullptr);
}

TEST_CASE("What is no shared library of this machine is refused by what it is") {
  const ScratchFolder folder;
  std::ofstream(folder.path() / "text.so") << "#!/bin/sh\n";
  std::ofstream(folder.path() / "empty.so");
  CHECK_THAT(Refusal((folder.path() / "text.so").string()), Contains("without the ELF magic"));
  CHECK_THAT(Refusal((folder.path() / "empty.so").string()), Contains("an empty file"));
  CHECK_THAT(Refusal(folder.path().string()), Contains("no regular file"));
  CHECK_THAT(Refusal((folder.path() / "absent.so").string()), Contains("absent.so"));
  CHECK_THAT(Refusal("/proc/self/exe"), Contains("/proc/self/exe"));
  CHECK_THAT(Refusal(WithByte(folder, 18, 2)), Contains("ELF machine 2"));
  CHECK_THAT(Refusal(WithByte(folder, 4, 1)), Contains("a 32-bit file") && Contains("64-bit"));
  CHECK_THAT(Refusal(WithByte(folder, 5, 2)), Contains("byte order"));
  CHECK_THAT(Refusal(WithByte(folder, 16, 1)), Contains("an object file"));
}

TEST_CASE(
    "A library without the entry, of another ABI or with a table that is too small is refused before it is called") {
  CHECK_THAT(Refusal(TestPlugin("no_symbol")), Contains("stallpoint_entry_v1"));
  CHECK_THAT(Refusal(TestPlugin("other_abi")), Contains("found plugin ABI 7") && Contains("expected 1"));
  CHECK_THAT(Refusal(TestPlugin("small_entry")), Contains("struct_size 16") && Contains("at least 48"));
  CHECK_THAT(Refusal(TestPlugin("bad_id")), Contains("Not-An-Id"));
}

TEST_CASE("Two plugins built with different frameworks are not loaded into one process") {
  REQUIRE(PluginLibrary::Load(TestPlugin("framework_a")).ok());
  CHECK_THAT(Refusal(TestPlugin("framework_b")), Contains("torch=1.13.1") && Contains("torch=2.15.0"));
}

TEST_CASE("A plugin that anybody could replace is refused") {
  const ScratchFolder folder;
  const fs::path copy = folder.path() / "mine.so";
  fs::copy_file(TestPlugin("misbehaving"), copy);
  chmod(copy.c_str(), 0777);
  CHECK_THAT(Refusal(copy.string()), Contains("writable by everybody"));
  chmod(copy.c_str(), 0644);
  chmod(folder.path().c_str(), 0777);
  CHECK_THAT(Refusal(copy.string()), Contains("the folder"));
  chmod(folder.path().c_str(), 0755);
  CHECK(PluginLibrary::Load(copy.string()).ok());
}

TEST_CASE("An id is looked up in STALLPOINT_PLUGIN_PATH; a path is taken as it is") {
  SetPluginPath(STALLPOINT_BINARY_DIR "/tests/plugins");
  const auto by_id = FindWorkload("misbehaving");
  REQUIRE(by_id.ok());
  CHECK_FALSE(by_id->was_file);
  CHECK(by_id->library.path() == TestPlugin("misbehaving"));
  const auto by_path = FindWorkload(TestPlugin("misbehaving"));
  REQUIRE(by_path.ok());
  CHECK(by_path->was_file);
  unsetenv("STALLPOINT_PLUGIN_PATH");
}

TEST_CASE("A workload and a probe may share an id, and each is found by its kind") {
  SetPluginPath(STALLPOINT_BINARY_DIR "/tests/plugins");
  const auto probe = FindProbe("misbehaving"), workload = FindWorkload("misbehaving");
  REQUIRE(probe.ok());
  REQUIRE(workload.ok());
  CHECK(probe->library.path() == TestPlugin("misbehaving_probe"));
  CHECK(workload->library.path() == TestPlugin("misbehaving"));
  CHECK(FindWorkloadOrProbe("misbehaving")->descriptor->kind == SP_KIND_WORKLOAD);
  CHECK(FindWorkloadOrProbe(TestPlugin("misbehaving_probe"))->descriptor->kind == SP_KIND_PROBE);
  CHECK_THAT(std::string(FindProbe("throws").status().message()),
             Contains("no probe 'throws'") && Contains("throws.so is a workload"));
  CHECK_THAT(std::string(FindProbe(TestPlugin("misbehaving")).status().message()), Contains("found 0 probes"));
  unsetenv("STALLPOINT_PLUGIN_PATH");
}

TEST_CASE("An unknown id is answered with the folders, the ids that exist and the nearest of them") {
  SetPluginPath(STALLPOINT_BINARY_DIR "/tests/plugins");
  const absl::Status unknown = FindWorkload("misbehavin").status();
  CHECK(absl::IsNotFound(unknown));
  CHECK_THAT(std::string(unknown.message()),
             Contains("did you mean 'misbehaving'") && Contains("/tests/plugins") && Contains("throws"));
  unsetenv("STALLPOINT_PLUGIN_PATH");
}

TEST_CASE("A relative folder in STALLPOINT_PLUGIN_PATH is refused") {
  SetPluginPath("plugins");
  const absl::Status refused = FindWorkload("misbehaving").status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK_THAT(std::string(refused.message()), Contains("'plugins'"));
  unsetenv("STALLPOINT_PLUGIN_PATH");
}

}  // namespace
}  // namespace stallpoint
