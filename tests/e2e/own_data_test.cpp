// A user's own arrays, as NumPy writes them, through the whole program.
#include <fmt/format.h>

#include <cstdlib>
#include <regex>

#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

void run_python(const TemporaryFolder& folder, const std::string& program) {
  const std::string file = folder.write("make.py", program);
  REQUIRE(std::system(fmt::format("cd '{}' && /usr/bin/python3 '{}'", folder.path().string(), file).c_str()) == 0);
}

std::string with_data(const std::string& data, const std::string& model) {
  std::string text = std::regex_replace(text_of(input("tiny.xml")), std::regex("<data [^>]*/>"), data);
  text = std::regex_replace(text, std::regex("<model [^>]*/>"), model);
  return std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
}

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

constexpr const char* kRest = R"( train-samples="300" test-samples="200" partition="dirichlet" alpha="0.5"/>)";

}  // namespace

TEST_CASE("Fashion-MNIST as a user's arrays gives the results of the set itself to the last bit") {
  const TemporaryFolder folder;
  run_python(folder, R"(
import gzip, numpy, os
for ours, theirs in (("train", "train"), ("test", "t10k")):
    with gzip.open(f"/usr/share/datasets/fashion-mnist/{theirs}-images-idx3-ubyte.gz") as file:
        x = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(f"/usr/share/datasets/fashion-mnist/{theirs}-labels-idx1-ubyte.gz") as file:
        y = numpy.frombuffer(file.read(), numpy.uint8, offset=8).astype(numpy.int64)
    os.makedirs("packed", exist_ok=True)
    numpy.savez_compressed(f"packed/{ours}.npz", x=x[..., None], y=y)
    os.makedirs("plain", exist_ok=True)
    numpy.save(f"plain/x_{ours}.npy", x)
    numpy.save(f"plain/y_{ours}.npy", y)
)");
  const std::string model = R"(<model kind="mlp" hidden="16"/>)";
  const auto tables = [&](const std::string& name, const std::string& data) {
    require_success(
        msfusion_program({"run", folder.write(name + ".xml", with_data(data, model)), "-o", folder.file("r-" + name)}));
    return tables_of(folder.file("r-" + name));
  };
  const auto expected = tables("set", std::string(R"(<data set="fashion-mnist")") + kRest);
  CHECK(tables("packed", fmt::format(R"(<data set="arrays" path="packed"{})", kRest)) == expected);
  CHECK(tables("plain", fmt::format(R"(<data set="arrays" path="plain"{})", kRest)) == expected);
}

TEST_CASE("rows of numbers with a client each are trained by clients, and resume with the same files only") {
  const TemporaryFolder folder;
  run_python(folder, R"(
import numpy
random = numpy.random.default_rng(1)
def split(n):
    y = random.integers(0, 3, n)
    x = random.normal(size=(n, 5)) * [1, 100, 1e-3, 1, 1] + y[:, None] * [3, 300, 3e-3, 0, 0] + 1e4
    return x, y
x, y = split(200)
tx, ty = split(100)
numpy.savez("own.npz", x_train=x, y_train=y, x_test=tx, y_test=ty, client_train=random.integers(0, 12, 200))
)");
  const std::string scenario = folder.write(
      "s.xml",
      with_data(R"(<data set="arrays" path="own.npz" partition="natural"/>)", R"(<model kind="mlp" hidden="16"/>)"));
  const Ended run = msfusion_program({"run", scenario, "-o", folder.file("r"), "--set", "training.rounds=10"});
  require_success(run);
  const std::string table = msfusion_program({"compare", folder.file("r"), "--format", "csv"}).out;
  INFO(table);
  CHECK(table.find("fedavg") != std::string::npos);
  run_python(folder, R"(
import numpy
arrays = dict(numpy.load("own.npz"))
arrays["y_train"][0] = (arrays["y_train"][0] + 1) % 3
numpy.savez("own.npz", **arrays)
)");
  const Ended resumed =
      msfusion_program({"run", scenario, "-o", folder.file("r"), "--set", "training.rounds=10", "--resume"});
  CHECK(resumed.code == 2);
  CHECK_THAT(resumed.err, ContainsSubstring("own.npz: the file has changed"));
  const Ended text = msfusion_program({"check", scenario, "--set", "model.kind=lstm"});
  CHECK(text.code == 2);
}
