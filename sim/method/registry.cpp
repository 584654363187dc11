#include "sim/method/registry.hpp"

namespace msfusion {

const std::vector<MethodEntry>& method_table() {
  static const std::vector<MethodEntry> table = {
      {"msfusion", make_msfusion,
       "nobody holds the model: double shifting split, peers, overlap mean, contrastive loss", "arXiv 2407.03622"},
      {"fedavg", make_fedavg, "everybody trains the whole model, the server averages", "arXiv 1602.05629"},
      {"narrow", make_narrow, "FedAvg on the widest model that fits the weakest device",
       "arXiv 1602.05629 on a smaller model"},
      {"fedprox", make_fedprox, "FedAvg with a proximal term", "arXiv 1812.06127"},
      {"fedavgm", make_fedavgm, "FedAvg with momentum at the server", "arXiv 1909.06335"},
      {"fedadam", make_fedadam, "FedAvg with Adam at the server", "arXiv 2003.00295"},
      {"scaffold", make_scaffold, "FedAvg with control variates against client drift", "arXiv 1910.06378"},
      {"moon", make_moon, "FedAvg with a model-contrastive loss", "arXiv 2103.16257"},
      {"heterofl", make_heterofl, "nested sub-models of the devices' rates", "arXiv 2010.01264"},
      {"fedrolex", make_fedrolex, "sub-models from a window that rolls over the model", "arXiv 2212.01548"},
      {"feddropout", make_feddropout, "sub-models of random units", "arXiv 1812.07210"},
      {"dpsgd", make_dpsgd, "peers mix whole models after every local step", "arXiv 1705.09056"},
      {"dfedavg", make_dfedavg, "peers mix whole models after local training", "arXiv 2104.11375"},
      {"splitfed", make_splitfed, "the device trains the first layers, the server the rest, batch by batch",
       "arXiv 2004.12088"},
      {"fedavg-distill", make_fedavg_distill, "FedDF: the server distils the mean of the devices' predictions",
       "arXiv 2006.07242"},
      {"dsfl", make_dsfl, "devices share predictions on open data instead of parameters", "arXiv 2008.06180"},
      {"local", make_local, "everybody alone: the lower bound", ""},
      {"centralised", make_centralised, "all data on one node: the upper bound", ""},
      {"fedasync", make_fedasync, "the server merges every arrival at once", "arXiv 1903.03934"},
      {"fedbuff", make_fedbuff, "the server merges every K arrivals", "arXiv 2106.06639"},
  };
  return table;
}

}  // namespace msfusion
