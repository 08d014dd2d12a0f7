// An NVTX tool as a profiler would inject it: notes domains and ranges as lines of text. One thread at a time.
#include <string>

#include "nvtx3/nvToolsExt.h"

namespace {

std::string noted;

nvtxDomainHandle_t CreateDomain(const char* name) {
  noted += std::string("domain ") + name + "\n";
  return reinterpret_cast<nvtxDomainHandle_t>(new std::string(name));
}

nvtxStringHandle_t RegisterString(nvtxDomainHandle_t, const char* text) {
  return reinterpret_cast<nvtxStringHandle_t>(new std::string(text));
}

int Push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  noted += *reinterpret_cast<std::string*>(domain) + " push " +
           *reinterpret_cast<std::string*>(attributes->message.registered) + "\n";
  return 0;
}

int Pop(nvtxDomainHandle_t domain) {
  noted += *reinterpret_cast<std::string*>(domain) + " pop\n";
  return 0;
}

template <typename Function>
void Hook(NvtxFunctionTable table, unsigned index, Function function) {
  *table[index] = reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const char* NotedRanges() { return noted.c_str(); }

extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned size = 0;
  if (!callbacks || !callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size)) return 0;
  Hook(table, NVTX_CBID_CORE2_DomainCreateA, CreateDomain);
  Hook(table, NVTX_CBID_CORE2_DomainRegisterStringA, RegisterString);
  Hook(table, NVTX_CBID_CORE2_DomainRangePushEx, Push);
  Hook(table, NVTX_CBID_CORE2_DomainRangePop, Pop);
  return 1;
}
