// What the network shall answer: for each body part a map of the crop, bright where the part is.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_HEAT_MAP_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_HEAT_MAP_H_

#include <vector>

#include "plugins/images/augment.h"
#include "plugins/pose_estimation/keypoint_table.h"

namespace stallpoint::pose_estimation {

// The keypoints that lie in the crop, in pixels of its map of `size` x `size`. Where the crop is mirrored, a keypoint
// of part p becomes one of part `counterparts[p]`: left turns to right.
std::vector<Keypoint> PlaceOnMap(const std::vector<Keypoint>& keypoints, const images::Crop& crop, int size,
                                 const std::vector<int>& counterparts);

// Writes `parts` maps of `size` x `size`: at each keypoint a bell of height 1 whose standard deviation is `sigma`
// pixels. `weights[p]` is 1 where part p has a keypoint, else 0: a missing one does not count in the loss.
void DrawHeatMaps(const std::vector<Keypoint>& on_map, int parts, int size, double sigma, float* maps, float* weights);

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_HEAT_MAP_H_
