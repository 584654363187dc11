#include "sim/calibrate/grid.hpp"

#include <fmt/format.h>

namespace msfusion {

namespace {

std::vector<GridModel> grid_models() {
  MlpOptions mlp;
  mlp.hidden = {256, 256};
  MlpOptions wide_mlp;
  wide_mlp.hidden = {1024, 512};
  CnnOptions cnn;
  cnn.channels = {32, 64, 128};
  CnnOptions dense_cnn;
  dense_cnn.channels = {16, 32};
  dense_cnn.kernel = 5;
  dense_cnn.dense = {128};
  dense_cnn.norm = NormKind::none;
  ResNetOptions resnet;
  resnet.widths = {32, 64, 128, 256};
  TransformerOptions transformer;
  transformer.embedding = 128;
  transformer.heads = 4;
  transformer.ffn = 256;
  transformer.layers = 2;
  transformer.window = 32;
  LstmOptions lstm;
  lstm.embedding = 64;
  lstm.hidden = 128;
  lstm.window = 32;
  return {{"mlp 256 256", mlp, 28, 1, 0},
          {"mlp 1024 512", wide_mlp, 28, 1, 0},
          {"cnn 32 64 128", cnn, 28, 1, 0},
          {"cnn 16 32, dense 128", dense_cnn, 28, 1, 0},
          {"resnet18 32 64 128 256", resnet, 32, 3, 0},
          {"transformer 128, ffn 256", transformer, 0, 0, 256},
          {"lstm 128", lstm, 0, 0, 64}};
}

}  // namespace

std::vector<GridPoint> calibration_grid(const std::vector<int>& threads) {
  std::vector<GridPoint> points;
  for (const int count : threads) {
    int number = 0;
    for (const GridModel& model : grid_models())
      for (const double rate : {0.125, 0.1875, 0.25, 0.375, 0.5, 1.0})
        for (const int batch : {8, 32, 128})
          for (const bool contrastive : {false, true}) {
            const bool is_large = std::holds_alternative<ResNetOptions>(model.model);
            if (is_large && batch == 128) continue;  // seconds a step, and nothing new
            if (contrastive && batch != 32) continue;
            points.push_back({model, rate, batch, contrastive, count, number++ % 3 == 1});
          }
  }
  return points;
}

std::string to_text(const GridPoint& point) {
  return fmt::format("{}, rate {}, batch {}{}, {} thread{}", point.model.name, point.rate, point.batch,
                     point.contrastive ? ", contrastive" : "", point.threads, point.threads == 1 ? "" : "s");
}

}  // namespace msfusion
