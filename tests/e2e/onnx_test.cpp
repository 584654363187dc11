// Networks that PyTorch exported to ONNX, through the whole program.
#include <fmt/format.h>

#include <cstdlib>
#include <regex>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

constexpr const char* kNetworks = R"(
import torch
from torch import nn
from torch.nn import functional

class Block(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, groups=o), nn.BatchNorm2d(o)
        self.down = None if s == 1 and i == o else nn.Conv2d(i, o, 1, s)
    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return functional.relu6(y + (x if self.down is None else self.down(x)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.a, self.b = Block(8, 8, 1), Block(16, 12, 2)
        self.dense, self.head = nn.Linear(12, 16), nn.Linear(16, 4)
    def forward(self, x):
        x = torch.tanh(self.stem(x))
        x = functional.max_pool2d(self.b(torch.cat([x, self.a(x)], 1)), 2)
        x = torch.flatten(functional.adaptive_avg_pool2d(x, 1), 1)
        return self.head(torch.relu(self.dense(x)))

torch.manual_seed(1)
keep = dict(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
torch.onnx.export(Net().eval(), torch.zeros(1, 1, 8, 8), "net.onnx", dynamic_axes={"x": {0: "n"}}, input_names=["x"], **keep)
torch.onnx.export(Net().eval(), torch.zeros(1, 1, 8, 8), "fused.onnx")
torch.onnx.export(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(144, 4)), torch.zeros(1, 1, 8, 8), "odd.onnx")
)";

constexpr const char* kOwnData = R"(
import numpy, torch
from torch import nn

torch.manual_seed(2)
random = numpy.random.default_rng(1)
def split(n):
    y = random.integers(0, 4, n)
    return (random.normal(size=(n, 6)) + numpy.eye(4)[y] @ random_centres * 2 + 5).astype(numpy.float32), y
random_centres = random.normal(size=(4, 6))
x, y = split(300)
tx, ty = split(200)
numpy.savez("own.npz", x_train=x, y_train=y, x_test=tx, y_test=ty)
net = nn.Sequential(nn.Linear(6, 12), nn.Sigmoid(), nn.Linear(12, 4))
optimiser = torch.optim.SGD(net.parameters(), 0.5)
normal = lambda values: torch.from_numpy(((values - x.mean(0)) / x.std(0)).astype(numpy.float32))
for _ in range(60):
    optimiser.zero_grad()
    nn.functional.cross_entropy(net(normal(x)), torch.from_numpy(y)).backward()
    optimiser.step()
torch.onnx.export(net, torch.zeros(1, 6), "own.onnx")
print((net(normal(tx)).argmax(1).numpy() == ty).mean(), file=open("accuracy", "w"))
)";

// The two ways in which PyTorch users flatten, with an average pooling that pads, as exported for any number of
// samples.
constexpr const char* kOwnImages = R"(
import numpy, torch
from torch import nn

torch.manual_seed(3)
random = numpy.random.default_rng(1)
centres = random.normal(size=(4, 9, 9))
def split(n):
    y = random.integers(0, 4, n)
    return (random.normal(size=(n, 9, 9)) * 1.5 + centres[y]).astype(numpy.float32), y
x, y = split(300)
tx, ty = split(400)
numpy.savez("own.npz", x_train=x, y_train=y, x_test=tx, y_test=ty)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool, self.head = nn.Conv2d(1, 8, 3), nn.AvgPool2d(3, 2, 1), nn.Linear(128, 4)
    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x)))
        return self.head(x.view(x.size(0), -1))
net = Net()
optimiser = torch.optim.SGD(net.parameters(), 0.1)
normal = lambda values: torch.from_numpy((values - x.mean()) / x.std())[:, None]
for _ in range(80):
    optimiser.zero_grad()
    nn.functional.cross_entropy(net(normal(x)), torch.from_numpy(y)).backward()
    optimiser.step()
anyhow = dict(input_names=["x"], dynamic_axes={"x": {0: "n"}})
torch.onnx.export(net, torch.zeros(1, 1, 9, 9), "folded.onnx", **anyhow)
torch.onnx.export(net, torch.zeros(1, 1, 9, 9), "kept.onnx", do_constant_folding=False, **anyhow)
torch.onnx.export(nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(25, 4)), torch.zeros(1, 1, 9, 9),
                  "around.onnx", opset_version=10)
print((net(normal(tx)).argmax(1).numpy() == ty).mean(), file=open("accuracy", "w"))
)";

void run_python(const TemporaryFolder& folder, const std::string& program) {
  const std::string file = folder.write("make.py", program);
  const std::string command =
      fmt::format("cd '{0}' && /usr/bin/python3 '{1}' > python.log 2>&1", folder.path().string(), file);
  const int code = std::system(command.c_str());
  INFO(text_of(folder.file("python.log")));
  REQUIRE(code == 0);
}

std::string changed(const std::string& name, const std::string& element, const std::string& by) {
  const std::string text = std::regex_replace(text_of(input(name)), std::regex("<" + element + " [^>]*/>"), by);
  return std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
}

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

}  // namespace

TEST_CASE("every method trains a network from ONNX, with PyTorch's names and weights") {
  const TemporaryFolder folder;
  run_python(folder, kNetworks);
  const Ended table = msfusion_program({"check", "--model", folder.file("net.onnx")});
  require_success(table);
  CHECK_THAT(table.out, ContainsSubstring("b.down"));
  // PyTorch's own count: 80 + (576 + 16 + 80 + 16) + (1728 + 24 + 120 + 24 + 204) + 208 + 68.
  CHECK_THAT(table.out, ContainsSubstring("3144 parameters"));
  // The stem and the first block are one width by the concatenation and the sum inside; the others are their own.
  CHECK_THAT(table.out, ContainsSubstring("3 axes can be cut in width"));

  const std::string scenario =
      folder.write("s.xml", changed("every-method.xml", "model", R"(<model file="net.onnx"/>)"));
  require_success(msfusion_program({"run", scenario, "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  CHECK(store.runs().size() >= 20);
  for (const RunRecord& run : store.runs()) CHECK(run.state == "finished");
  require_success(msfusion_program(
      {"check", folder.write("s.xml", changed("every-method.xml", "model", R"(<model file="fused.onnx"/>)"))}));

  const Ended odd = msfusion_program({"check", "--model", folder.file("odd.onnx")});
  CHECK(odd.code == 2);
  CHECK_THAT(odd.err, ContainsSubstring("odd.onnx: ") && ContainsSubstring("(Softplus): this operator is not known") &&
                          ContainsSubstring("one of Conv, Gemm"));
}

TEST_CASE("a network from ONNX on a user's own rows has PyTorch's accuracy before it is trained") {
  const TemporaryFolder folder;
  run_python(folder, kOwnData);
  std::string text = changed("tiny.xml", "data", R"(<data set="arrays" path="own.npz"/>)");
  text = std::regex_replace(text, std::regex("<model [^>]*/>"), R"(<model file="own.onnx"/>)");
  text = std::regex_replace(text, std::regex("<training [^>]*/>"),
                            R"(<training rounds="1" local-steps="1" learning-rate="1e-12"/>)");
  require_success(msfusion_program({"run", folder.write("s.xml", text), "-o", folder.file("r")}));
  const double accuracy = std::stod(text_of(folder.file("accuracy")));
  CHECK(accuracy > 0.5);
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& run : store.runs())
    if (run.label != "narrow")
      CHECK(store.evaluations(run.run).back().global_accuracy == Approx(accuracy).margin(1e-4));
  // Without its weights it knows nothing.
  require_success(
      msfusion_program({"run", folder.file("s.xml"), "-o", folder.file("fresh"), "--set", "training.fresh=all"}));
  CHECK(StoreReader(folder.file("fresh/run.sqlite")).evaluations(0).back().global_accuracy < accuracy - 0.05);
}

TEST_CASE("a network that pools with padding and flattens by view has PyTorch's accuracy") {
  const TemporaryFolder folder;
  run_python(folder, kOwnImages);
  const double accuracy = std::stod(text_of(folder.file("accuracy")));
  CHECK(accuracy > 0.5);
  std::string text = changed("tiny.xml", "data", R"(<data set="arrays" path="own.npz"/>)");
  text = std::regex_replace(text, std::regex("<training [^>]*/>"),
                            R"(<training rounds="1" local-steps="1" learning-rate="1e-12"/>)");
  const std::string scenario =
      folder.write("s.xml", std::regex_replace(text, std::regex("<model [^>]*/>"), R"(<model file="folded.onnx"/>)"));
  const auto accuracy_with = [&](const std::string& results, const std::string& change) {
    require_success(msfusion_program({"run", scenario, "-o", folder.file(results), "--set", change}));
    return StoreReader(folder.file(results + "/run.sqlite")).evaluations(0).back().global_accuracy;
  };
  CHECK(accuracy_with("folded", "seeds.values=1") == Approx(accuracy).margin(1e-4));
  CHECK(accuracy_with("kept", "model.file=kept.onnx") == Approx(accuracy).margin(1e-4));
  // Its layers alone, and its layers with the values of another ONNX file.
  CHECK(accuracy_with("random", "training.initial=random") < accuracy - 0.05);
  CHECK(accuracy_with("values", "training.initial=kept.onnx") == Approx(accuracy).margin(1e-4));

  const Ended around = msfusion_program({"check", "--model", folder.file("around.onnx")});
  CHECK(around.code == 2);
  CHECK_THAT(around.err, ContainsSubstring("(MaxPool): reads what zeros were put around"));
}
