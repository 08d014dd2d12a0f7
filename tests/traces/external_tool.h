// Other tools that judge what we write, where they are installed.
#ifndef STALLPOINT_TESTS_TRACES_EXTERNAL_TOOL_H_
#define STALLPOINT_TESTS_TRACES_EXTERNAL_TOOL_H_

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace stallpoint {

struct ToolResult {
  int status = -1;
  std::string output;
};

// Runs a shell command; `output` is its stdout.
inline ToolResult RunTool(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen: " + command);
  ToolResult result;
  std::array<char, 4096> buffer;
  while (size_t read = fread(buffer.data(), 1, buffer.size(), pipe)) result.output.append(buffer.data(), read);
  result.status = pclose(pipe);
  return result;
}

// The folder of Nsight Systems' host tools, or nothing.
inline std::string NsightFolder() {
  const std::string folder = "/usr/lib/nsight-systems/host-linux-x64";
  const bool installed =
      std::filesystem::exists(folder + "/ImportNvtxt") && RunTool("command -v nsys 2>/dev/null").status == 0;
  return installed ? folder : "";
}

// The project's Python when it can read Perfetto traces, or nothing.
inline std::string PerfettoPython() {
  const std::string python = STALLPOINT_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python)) return "";
  const std::string check = python + " -c 'import perfetto.protos.perfetto.trace.perfetto_trace_pb2' 2>/dev/null";
  return RunTool(check).status == 0 ? python : "";
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_EXTERNAL_TOOL_H_
