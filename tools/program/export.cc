// stallpoint export: a trace for Nsight Systems, Perfetto, or a spreadsheet.
#include <filesystem>
#include <memory>
#include <string>

#include "fmt/core.h"
#include "tools/program/context.h"
#include "tools/program/nsight.h"
#include "tools/program/output_file.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/export/exporter.h"

namespace stallpoint {
namespace {

int Export(const std::string& trace, const std::string& format, const std::string& output, const Context& context) {
  if (const absl::Status writable = CheckWritable(output, context.force); !writable.ok())
    return Fail(writable, kExitIo);
  const bool import_report = format == "nsys" && std::filesystem::path(output).extension() == ".nsys-rep";
  const std::string text = import_report ? output + ".nvtxt" : output;
  if (import_report) {
    if (const absl::Status found = FindNsightImporter().status(); !found.ok()) return Fail(found, kExitUsage);
    if (const absl::Status writable = CheckWritable(text, true); !writable.ok()) return Fail(writable, kExitIo);
  }
  if (const absl::Status written = ExportTrace(trace, format, text); !written.ok()) {
    return Fail(written, TraceExitCode(written));
  }
  if (import_report) {
    const absl::Status imported = ImportIntoNsight(text, output);
    std::error_code ignored;
    std::filesystem::remove(text, ignored);
    if (!imported.ok()) return Fail(imported, kExitIo);
  }
  if (!context.quiet) {
    const char* how = format == "nsys"
                          ? (import_report ? "open it with: nsys-ui" : "import it with: ImportNvtxt --cmd create -n")
                      : format == "perfetto" ? "open it at ui.perfetto.dev, or in a Perfetto of your own:"
                                             : "open it in a spreadsheet or with pandas.read_csv:";
    fmt::print(stderr, "{} {}\n", how, Printable(output));
  }
  return kExitOk;
}

}  // namespace

void AddExport(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("export", "Write a trace for Nsight Systems, Perfetto or a spreadsheet");
  auto trace = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  verb->add_option("FILE", *trace, "A trace")->required();
  verb->add_option("--to", *format, "Format")->required()->check(CLI::IsMember({"nsys", "perfetto", "csv"}));
  verb->add_option("-o,--output", *output,
                   "The file to write; for nsys, X.nvtxt is text and X.nsys-rep is also imported (needs Nsight)")
      ->required()
      ->type_name("OUT");
  AddCommonFlags(*verb, context);
  verb->callback([=, &context, &exit_code] { exit_code = Export(*trace, *format, *output, context); });
}

}  // namespace stallpoint
