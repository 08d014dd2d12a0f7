// A sample that lies in an image file, on its way to pixels: the stages `read` and `decode`, with the faults that were
// planted in them.
#ifndef STALLPOINT_PLUGINS_IMAGES_IMAGE_LOADER_H_
#define STALLPOINT_PLUGINS_IMAGES_IMAGE_LOADER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plugins/faults/faults.h"
#include "plugins/images/augment.h"
#include "plugins/images/jpeg.h"
#include "stallpoint/abi/workload.h"
#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/options.h"

namespace stallpoint::images {

// One run's loader. Each worker calls Load() with its own number; several may at a time.
class ImageLoader {
 public:
  // What a worker keeps from sample to sample, so that it allocates nothing for most of them.
  struct Worker {
    std::vector<uint8_t> file;
    JpegDecoder jpeg;
    Image image;
    Resizer resizer;
  };

  // `options` are those that Faults::WithFaults() declares, and the workload's own.
  ImageLoader(plugin::Host host, const plugin::Options& options, const sp_knobs& knobs);

  // Leaves the pixels of a JPEG or PNG file in the worker's `image`. A JPEG is decoded at 1 / `scale_denominator`
  // (1, 2, 4, 8) of its size, a PNG as it is. Throws SP_DATA_LOSS with `name` for what cannot be read or decoded.
  Worker& Load(int32_t worker, uint64_t index, const std::filesystem::path& path, const std::string& name,
               int scale_denominator = 1);

 private:
  plugin::Host host_;
  uint32_t read_id_;
  uint32_t decode_id_;
  bundled::Faults faults_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_IMAGE_LOADER_H_
