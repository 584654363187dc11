// The LibTorch steps that a scenario of tools/bench contains, in a plain loop: what the program's overhead is measured
// against. torch::nn and torch::optim as a careful author would use them: channels_last, one thread per core, memory
// kept between steps, batches by index_select from a data set that is already float.
#include <dlfcn.h>
#include <malloc.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Work {
  std::vector<std::int64_t> channels, dense;
  std::int64_t image_channels = 1, side = 28, classes = 10;
  bool norm = true, same_padding = true, pool_each = true;
  std::int64_t devices = 10, samples = 600, batch = 32, rounds = 1, threads = 1;
  double rate = 0.05;
};

std::vector<std::int64_t> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::int64_t> values;
  for (std::int64_t value; in >> value;) values.push_back(value);
  return values;
}

Work work_of(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    given[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  Work work;
  work.channels = numbers(given["channels"]);
  work.dense = numbers(given["dense"]);
  const auto number = [&](const char* name, auto& value) {
    if (given.count(name) > 0) value = static_cast<std::decay_t<decltype(value)>>(std::stod(given[name]));
  };
  number("image-channels", work.image_channels);
  number("side", work.side);
  number("norm", work.norm);
  number("same-padding", work.same_padding);
  number("pool-each", work.pool_each);
  number("devices", work.devices);
  number("samples", work.samples);
  number("batch", work.batch);
  number("rounds", work.rounds);
  number("threads", work.threads);
  number("rate", work.rate);
  return work;
}

torch::nn::Sequential net_of(const Work& work) {
  torch::nn::Sequential net;
  std::int64_t in = work.image_channels, side = work.side;
  for (std::size_t i = 0; i < work.channels.size(); ++i) {
    const std::int64_t out = work.channels[i];
    net->push_back(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(work.same_padding ? 1 : 0).bias(!work.norm)));
    if (!work.same_padding) side -= 2;
    if (work.norm) net->push_back(torch::nn::BatchNorm2d(torch::nn::BatchNormOptions(out).track_running_stats(false)));
    net->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
    if (side >= 2 && (work.pool_each || i + 1 == work.channels.size())) {
      net->push_back(torch::nn::MaxPool2d(2));
      side /= 2;
    }
    in = out;
  }
  if (work.dense.empty())
    net->push_back(torch::nn::AdaptiveAvgPool2d(1));
  else
    in *= side * side;
  net->push_back(torch::nn::Flatten());
  for (const std::int64_t out : work.dense) {
    net->push_back(torch::nn::Linear(in, out));
    net->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
    in = out;
  }
  net->push_back(torch::nn::Linear(in, work.classes));
  for (auto& parameter : net->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.data().contiguous(at::MemoryFormat::ChannelsLast));
  return net;
}

void one_thread() {
  at::set_num_threads(1);
  using SetThreads = void (*)(int);
  if (const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set_threads(1);
}

struct Data {
  at::Tensor images, labels;
};

void train_device(const Work& work, torch::nn::Sequential& net, const std::vector<at::Tensor>& start, const Data& data,
                  std::int64_t device) {
  {
    const torch::NoGradGuard no_gradient;
    auto parameters = net->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].copy_(start[i]);
  }
  torch::optim::SGD optimiser(net->parameters(), work.rate);
  const at::Tensor order = at::randperm(work.samples, at::kLong) + device * work.samples;
  for (std::int64_t begin = 0; begin < work.samples; begin += work.batch) {
    const at::Tensor index = order.slice(0, begin, std::min(work.samples, begin + work.batch));
    optimiser.zero_grad();
    const at::Tensor loss =
        at::cross_entropy_loss(net->forward(data.images.index_select(0, index)), data.labels.index_select(0, index));
    loss.backward();
    optimiser.step();
  }
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  mallopt(M_TOP_PAD, 64 << 20);
  one_thread();
  const Work work = work_of(argc, argv);
  const Data data{at::randn({work.devices * work.samples, work.image_channels, work.side, work.side})
                      .contiguous(at::MemoryFormat::ChannelsLast),
                  at::randint(work.classes, {work.devices * work.samples}, at::kLong)};
  std::int64_t parameters = 0;
  for (const auto& parameter : net_of(work)->parameters()) parameters += parameter.numel();

  const auto began = std::chrono::steady_clock::now();
  const double cpu_began = cpu_seconds();
  for (std::int64_t round = 0; round < work.rounds; ++round) {
    std::vector<std::thread> threads;
    for (std::int64_t t = 0; t < work.threads; ++t)
      threads.emplace_back([&, t] {
        one_thread();
        torch::nn::Sequential net = net_of(work);
        std::vector<at::Tensor> start;
        for (const auto& parameter : net->parameters()) start.push_back(parameter.detach().clone());
        for (std::int64_t device = t; device < work.devices; device += work.threads)
          train_device(work, net, start, data, device);
      });
    for (auto& thread : threads) thread.join();
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::int64_t steps = work.rounds * work.devices * ((work.samples + work.batch - 1) / work.batch);
  std::printf("{\"wall\": %.6f, \"cpu\": %.6f, \"steps\": %lld, \"parameters\": %lld}\n", wall,
              cpu_seconds() - cpu_began, static_cast<long long>(steps), static_cast<long long>(parameters));
  std::fflush(stdout);
  std::_Exit(0);
}
