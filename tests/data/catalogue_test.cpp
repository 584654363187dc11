#include "sim/data/catalogue.hpp"

#include <algorithm>

#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
/// $MSFUSION_DATA for the time of a test.
class DataRoot {
 public:
  explicit DataRoot(const std::string& folder) { setenv("MSFUSION_DATA", folder.c_str(), 1); }
  ~DataRoot() { unsetenv("MSFUSION_DATA"); }
  DataRoot(const DataRoot&) = delete;
  DataRoot& operator=(const DataRoot&) = delete;
};

DataOptions named(const std::string& set, const std::string& path = "") {
  DataOptions spec;
  spec.set = set;
  spec.path = path;
  spec.line = 5;
  return spec;
}

/// MNIST's files with one tiny image per label.
void write_mnist(const TempFolder& folder, const std::string& at, const Bytes& train, const Bytes& test) {
  const auto pixels = [](const Bytes& labels) { return Bytes(labels.size() * 4, 9); };
  folder.write(at + "train-images-idx3-ubyte",
               idx_images(static_cast<std::uint32_t>(train.size()), 2, 2, pixels(train)));
  folder.write(at + "train-labels-idx1-ubyte", idx_labels(train));
  folder.write_gzip(at + "t10k-images.idx3-ubyte.gz",
                    idx_images(static_cast<std::uint32_t>(test.size()), 2, 2, pixels(test)));
  folder.write(at + "t10k-labels.idx1-ubyte", idx_labels(test));
}

DataSetStatus status_of(const std::string& name) {
  for (const auto& status : list_datasets()) {
    if (status.name == name) return status;
  }
  throw std::runtime_error("not listed: " + name);
}
}  // namespace

TEST_CASE("a set is found by the scenario's path, then in $MSFUSION_DATA") {
  TempFolder folder;
  write_mnist(folder, "here/", {1, 2, 3}, {4});
  write_mnist(folder, "root/mnist/", {1, 2, 3, 4}, {4});
  const DataRoot root(folder.path("root"));
  CHECK(load_dataset(named("mnist", folder.path("here")), 0, 1).train_samples() == 3);
  CHECK(load_dataset(named("mnist"), 0, 1).train_samples() == 4);
  CHECK(status_of("mnist").found == folder.path("root/mnist"));
}

TEST_CASE("a set that is not installed says at the scenario's line how to get it") {
  TempFolder empty;
  const DataRoot root(empty.path());
  const auto message = error_of([] { load_dataset(named("cifar-10"), 0, 1); });
  CHECK_THAT(message, ContainsSubstring(":5: data set \"cifar-10\" is not installed") &&
                          ContainsSubstring("cs.toronto.edu") && ContainsSubstring("$MSFUSION_DATA/cifar-10"));
  CHECK_FALSE(status_of("cifar-10").found);
  const Dataset drawn = load_dataset(named("cifar-100"), 0, 1, true);
  CHECK(drawn.has_drawn_labels);
  CHECK(drawn.train_samples() == 50000);
  CHECK(drawn.train_images.image_bytes() == 3072);
  CHECK(std::count(drawn.test_images.labels.begin(), drawn.test_images.labels.end(), 99) == 100);
  const Dataset letters = load_dataset(named("emnist"), 0, 1, true);  // several in one: which is said
  CHECK(letters.classes == 47);
  CHECK(std::string(letters.sizes_of) == ", those of the split balanced");
  CHECK_THAT(error_of([&] { load_dataset(named("mnist", empty.path("nowhere")), 0, 1); }),
             ContainsSubstring(":5: there is no folder") && ContainsSubstring("nowhere"));
  CHECK_THAT(error_of([&] { load_dataset(named("mnist", empty.path()), 0, 1); }),
             ContainsSubstring("no file train-images-idx3"));
  CHECK_THAT(error_of([] { load_dataset(named("imagenet"), 0, 1); }),
             ContainsSubstring("data set \"imagenet\"; one of fashion-mnist,"));
}

TEST_CASE("a folder with half of a set's files does not count as present") {
  TempFolder folder;
  folder.write("mnist/train-images-idx3-ubyte", idx_images(1, 1, 1, {0}));
  const DataRoot root(folder.path());
  CHECK_FALSE(status_of("mnist").found);
}

TEST_CASE("samples asked for are cut out, more than there are is a mistake") {
  TempFolder folder;
  write_mnist(folder, "", {0, 1, 0, 1, 0, 1}, {4, 5, 6});
  DataOptions spec = named("mnist", folder.path());
  spec.train_samples = 4;
  spec.test_samples = 2;
  const Dataset data = load_dataset(spec, 0, 1);
  CHECK(data.name == "mnist");
  CHECK(std::count(data.train_images.labels.begin(), data.train_images.labels.end(), 0) == 2);
  CHECK(data.test_images.labels == std::vector<std::int32_t>{4, 5});
  CHECK(data.channel_mean.size() == 1);
  spec.train_samples = 7;
  CHECK_THAT(error_of([&] { load_dataset(spec, 0, 1); }), ContainsSubstring(":5: 7 training samples; 1 to 6 in mnist"));
  spec.train_samples = 6;
  spec.test_samples = 4;
  CHECK_THAT(error_of([&] { load_dataset(spec, 0, 1); }), ContainsSubstring("4 test samples; 1 to 3"));
}

TEST_CASE("for cost only the samples and classes are the same, without pixels") {
  DataOptions spec = named("synthetic");
  spec.train_samples = 100;
  const Dataset whole = load_dataset(spec, 0, 3), cost = load_dataset(spec, 0, 3, true);
  CHECK(cost.train_images.labels == whole.train_images.labels);
  CHECK(cost.train_images.pixels.empty());
  CHECK(cost.channel_mean.empty());
  CHECK(whole.channel_mean.size() == 1);
  CHECK(cost.train_images.image_bytes() == whole.train_images.image_bytes());
}

TEST_CASE("a synthetic set that no memory holds is refused before it is made") {
  DataOptions spec = named("synthetic");
  spec.train_samples = 20000000;
  spec.synthetic_side = 32;
  for (const bool for_cost_only : {false, true})  // what can be planned can be run
    CHECK_THAT(error_of([&] { load_dataset(spec, 0, 1, for_cost_only); }),
               ContainsSubstring(":5: 20000504 synthetic images of 1028 bytes"));
  spec.train_samples = 3000000000;
  CHECK_THAT(error_of([&] { load_dataset(spec, 0, 1, true); }),
             ContainsSubstring("3000000000 training samples; 1 to 20000000"));
  spec.train_samples = 10;
  spec.synthetic_classes = 0;
  CHECK_THAT(error_of([&] { load_dataset(spec, 0, 1); }), ContainsSubstring("0 classes; 1 to"));
}

TEST_CASE("one EMNIST split lies in a folder, its labels by its own rules") {
  TempFolder folder;
  for (const char* part : {"train", "test"}) {
    const std::string stem = std::string("emnist-letters-") + part;
    folder.write_gzip(stem + "-images-idx3-ubyte.gz", idx_images(2, 2, 2, {1, 2, 3, 4, 5, 6, 7, 8}));
    folder.write_gzip(stem + "-labels-idx1-ubyte.gz", idx_labels({1, 26}));
  }
  const Dataset data = load_dataset(named("emnist", folder.path()), 0, 1);
  CHECK(data.classes == 26);
  CHECK(data.train_images.labels == std::vector<std::int32_t>{0, 25});
  CHECK(data.train_images.pixels == Bytes{1, 3, 2, 4, 5, 7, 6, 8});
  folder.write("emnist-digits-train-images-idx3-ubyte", idx_images(1, 1, 1, {0}));
  CHECK_THAT(error_of([&] { load_dataset(named("emnist", folder.path()), 0, 1); }),
             ContainsSubstring("digits and letters"));
}

TEST_CASE("text files are told apart by the words train and test in their names") {
  TempFolder folder;
  folder.write("wiki.train.tokens", std::string("a b c d e f g h\n"));
  folder.write("wiki.valid.tokens", std::string("never read\n"));
  folder.write("wiki.test.tokens", std::string("a b c\n"));
  const Dataset data = load_dataset(named("tokens", folder.path()), 2, 1);
  CHECK(data.train_tokens.tokens.size() == 9);
  CHECK(data.test_tokens.tokens.size() == 4);
  CHECK(data.classes == 9);
  const auto book = folder.write("book/text", std::string(50, 'x'));
  CHECK(load_dataset(named("characters", book), 1, 1).test_tokens.tokens.size() == 5);
  CHECK(load_dataset(named("characters", folder.path("book")), 1, 1).test_tokens.tokens.size() == 5);
  folder.write("my.training.txt", std::string("the part is training, not train"));
  CHECK_NOTHROW(load_dataset(named("tokens", folder.path()), 2, 1));
  folder.write("other.train.tokens", std::string("x"));
  CHECK_THAT(error_of([&] { load_dataset(named("tokens", folder.path()), 2, 1); }),
             ContainsSubstring("2 files named *train* and 1 named *test*"));
  CHECK_THAT(error_of([&] { load_dataset(named("tokens", folder.path()), 0, 1); }),
             ContainsSubstring("a language model"));
}

TEST_CASE("Debian's Fashion-MNIST has 60,000 and 10,000 images, a tenth of each class") {
  const auto status = status_of("fashion-mnist");
  if (!status.found) {
    WARN("dataset-fashion-mnist is not installed");
    return;
  }
  DataOptions spec = named("fashion-mnist");
  const Dataset data = load_dataset(spec, 0, 1);
  CHECK(data.train_samples() == 60000);
  CHECK(data.test_samples() == 10000);
  CHECK(data.train_images.height == 28);
  CHECK(data.train_images.width == 28);
  for (int k = 0; k < 10; ++k) {
    CHECK(std::count(data.train_images.labels.begin(), data.train_images.labels.end(), k) == 6000);
    CHECK(std::count(data.test_images.labels.begin(), data.test_images.labels.end(), k) == 1000);
  }
  // The figures that are in use everywhere.
  CHECK(data.channel_mean.at(0) == Approx(0.2860).margin(5e-5));
  CHECK(data.channel_std.at(0) == Approx(0.3530).margin(5e-5));
  spec.train_samples = 5000;
  const Dataset part = load_dataset(spec, 0, 1);
  for (int k = 0; k < 10; ++k) {
    CHECK(std::count(part.train_images.labels.begin(), part.train_images.labels.end(), k) == 500);
  }
}
