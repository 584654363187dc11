// The training steps that a calibration measures: models, widths, batch sizes, objectives and threads.
#pragma once

#include <string>
#include <vector>

#include "sim/shape/model_options.hpp"

namespace msfusion {

/// A model with the samples that it is measured on.
struct GridModel {
  std::string name;
  ModelOptions model;
  int side = 28, channels = 1;  ///< of images, in pixels
  int vocabulary = 0;           ///< above 0: text of the model's window instead of images
};

/// One training step to be measured.
struct GridPoint {
  GridModel model;
  double rate = 1;  ///< of every width
  int batch = 32;
  bool contrastive = false;  ///< MSfusion's loss, with its two frozen models, instead of cross-entropy
  int threads = 1;           ///< so many cores train the same at the same time, each on its own
  bool held_out = false;     ///< judges the fit instead of taking part in it
};

/// Every model of the grid at every width, batch size and objective. A third is held out: points whose width, batch and
/// model all occur in the rest.
std::vector<GridPoint> calibration_grid(const std::vector<int>& threads);

std::string to_text(const GridPoint& point);

}  // namespace msfusion
