#include "tests/fuzz/harness.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "sim/data/array_set.hpp"
#include "sim/data/cifar.hpp"
#include "sim/data/csv_set.hpp"
#include "sim/data/idx.hpp"
#include "sim/data/text.hpp"
#include "sim/experiment/checkpoint.hpp"
#include "sim/plan/peer_graph.hpp"
#include "sim/record/store.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/layer_graph.hpp"
#include "sim/shape/onnx_model.hpp"
#include "sim/shape/start_values.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

// Removed when the program ends.
class Folder {
 public:
  Folder()
      : path_((fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
              ("msfusion-fuzz-" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

template <class Work>
void refusing(Work&& work) {
  try {
    work();
  } catch (const UserError&) {
  } catch (const RunError&) {
  }
}

}  // namespace

std::string as_file(const std::string& name, const std::uint8_t* bytes, std::size_t count) {
  static const Folder folder;
  const std::string path = (folder.path() / name).string();
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(count));
  return path;
}

void fuzz_scenario(const std::uint8_t* bytes, std::size_t count) {
  refusing([&] { read_scenario_text(std::string(reinterpret_cast<const char*>(bytes), count), "s.xml", {}); });
}

void fuzz_idx(const std::uint8_t* bytes, std::size_t count) {
  if (count < 2) return;
  const std::size_t labels = std::min<std::size_t>(bytes[0] | bytes[1] << 8, count - 2);
  const IdxFiles files = {as_file("images", bytes + 2 + labels, count - 2 - labels),
                          as_file("labels", bytes + 2, labels)};
  refusing([&] { read_idx(files, IdxRules{}); });
}

void fuzz_cifar(const std::uint8_t* bytes, std::size_t count) {
  if (count < 1) return;
  const std::string file = as_file("batch", bytes + 1, count - 1);
  refusing([&] { read_cifar({file}, bytes[0] % 2 == 0 ? CifarKind::cifar10 : CifarKind::cifar100, true); });
}

void fuzz_text(const std::uint8_t* bytes, std::size_t count) {
  if (count < 1) return;
  const TextUnit unit = bytes[0] % 2 == 0 ? TextUnit::word : TextUnit::character;
  const std::string file = as_file("text", bytes + 1, count - 1);
  refusing([&] { read_text(file, unit, 2); });
  const std::string half = as_file("client", bytes + 1, (count - 1) / 2);
  refusing([&] { read_clients_text({half, file}, unit, 2); });
}

void fuzz_peer_graph(const std::uint8_t* bytes, std::size_t count) {
  if (count < 1) return;
  PeerGraphOptions options;
  options.kind = PeerGraph::file;
  options.file = as_file("graph", bytes + 1, count - 1);
  refusing([&] { metropolis_weights(make_peer_graph(options, bytes[0], 1)); });
}

void fuzz_checkpoint(const std::uint8_t* bytes, std::size_t count) {
  const fs::path file = as_file("run-0.round-1.checkpoint", bytes, count);
  refusing([&] {
    std::vector<std::string> warnings;
    Checkpoints(file.parent_path(), 0, std::string(32, '0')).newest(1, warnings);
  });
}

void fuzz_model(const std::uint8_t* bytes, std::size_t count) {
  const std::string path = as_file("model.xml", bytes, count);
  refusing([&] {
    const LayerFile file = read_layer_file(path);
    SampleShape samples{file.reads, 1, 1, file.sample.front(), file.classes};
    if (file.reads == InputKind::image)
      samples = {file.reads, file.sample[0], file.sample[1], file.sample[2], file.classes};
    const Shape shape = shape_of_layers(file, {}, samples);
    slice_cost(shape, full_slice(shape));
  });
}

void fuzz_onnx(const std::uint8_t* bytes, std::size_t count) {
  refusing([&] {
    const LayerFile file = onnx_model(std::string(reinterpret_cast<const char*>(bytes), count), "m.onnx");
    const Shape shape =
        shape_of_layers(file, {}, {file.reads, file.sample[0], file.sample[1], file.sample[2], file.classes});
    check_start_values(*file.weights, "m.onnx", shape, {});
  });
}

void fuzz_arrays(const std::uint8_t* bytes, std::size_t count) {
  const std::string path = as_file("arrays.npz", bytes, count);
  refusing([&] { read_array_set(path, true); });
}

void fuzz_csv(const std::uint8_t* bytes, std::size_t count) {
  const std::string path = as_file("table.csv", bytes, count);
  refusing([&] { read_csv_set(path, true); });
}

void fuzz_store(const std::uint8_t* bytes, std::size_t count) {
  const std::string file = as_file("run.sqlite", bytes, count);
  for (const char* log : {"-wal", "-shm", "-journal"}) fs::remove(file + log);
  refusing([&] {
    const StoreReader store(file);
    store.meta();
    store.result_tables();
    store.wall_tables();
    for (const RunRecord& run : store.runs()) {
      store.device_round_totals(run.run);
      store.evaluations(run.run);
    }
  });
}

}  // namespace msfusion
