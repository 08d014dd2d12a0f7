// Feeds a fuzz target the files of the folders named on the command line, each as it is and in a fixed set of
// mutations. This is what the test suite runs, with any compiler.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kMutationsPerFile = 200;

void Feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

// Flips bits, cuts, doubles or overwrites a part, as libFuzzer would first try.
std::string Mutate(std::string bytes, std::mt19937_64& random) {
  if (bytes.empty()) return bytes;
  const size_t at = random() % bytes.size();
  const size_t length = 1 + random() % (bytes.size() - at);
  switch (random() % 4) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 1:
      bytes.erase(at, length);
      break;
    case 2:
      bytes.insert(at, bytes.substr(at, length));
      break;
    default:
      bytes.replace(at, length, length, static_cast<char>(random()));
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      Feed(bytes);
      std::mt19937_64 random(bytes.size());
      for (int round = 0; round < kMutationsPerFile; ++round) Feed(Mutate(bytes, random));
      ++files;
    }
  }
  std::printf("%d files, %d inputs\n", files, files * (kMutationsPerFile + 1));
  return files > 0 ? 0 : 1;
}
