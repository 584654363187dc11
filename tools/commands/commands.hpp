// The commands of the command line; each returns the program's exit code and throws UserError or RunError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/record/store.hpp"
#include "sim/scenario/scenario.hpp"
#include "tools/commands/side_by_side.hpp"
#include "tools/commands/sweep.hpp"

namespace msfusion {

// Exit codes, besides 0 and those of signals.
constexpr int kUserMistake = 2, kFailed = 1;

struct RunCommand {
  std::string scenario;
  std::string out;  ///< folder; empty: results/NAME
  int jobs = 0;     ///< cores at work at once; 0: all
  std::vector<Override> overrides;
  bool resume = false;        ///< go on where an earlier call stopped
  int checkpoint_every = 10;  ///< rounds
  std::string command_line;   ///< that repeats the run, for the report
  MetaMap of_sweep;           ///< for the store of one combination, whose values are single; empty: no sweep
  CoreShare share;            ///< of a sweep's cores
  bool profile = false;       ///< print what the processor's time went to
  int redraw_training = 0;    ///< drawn fleets to train on besides the platform's own figures
};

struct ReportCommand {
  std::vector<std::string> folders;
  std::string out = "report.html";
  std::string baseline;   ///< label or method that costs are compared with; empty: fedavg
  std::string figures;    ///< folder for the charts as SVG, instead of a page; empty: none
  int watch_seconds = 0;  ///< renew the page this often while a run goes on; 0: once
};

struct ExportCommand {
  std::string folder;
  std::string csv;          ///< folder for the tables; empty: none
  std::string tensorboard;  ///< folder for event files; empty: none
  std::string perfetto;     ///< file for a Chrome trace; empty: none
  std::string paje;         ///< file for a Paje trace; empty: none
  bool jsonl = false;       ///< every row as a line of JSON on standard output
  std::string model;        ///< file for a trained model; empty: none
  std::string run;          ///< "METHOD,SEED" whose model is meant; empty: the only one
  bool best = false;        ///< the model of the best evaluation instead of the last one's
  std::string device;       ///< whose sub-model is meant; empty: the global model
};

int export_results(const ExportCommand& command);
int report_runs(const ReportCommand& command);
struct PlanCommand {
  std::string scenario;
  std::string out;  ///< folder; empty: results/NAME-plan
  int jobs = 0;     ///< runs at once; 0: as many as there are cores
  std::vector<Override> overrides;
  bool json = false;      ///< one JSON object instead of tables
  bool windows = false;   ///< with the index windows of every device
  bool progress = false;  ///< with json: a line on standard error for each run that ends
  std::string command_line;
  MetaMap of_sweep;  ///< for the store of one combination, whose values are single; empty: no sweep
  CoreShare share;   ///< of a sweep's cores
};

struct RecostCommand {
  std::string run;                   ///< results folder
  std::vector<std::string> methods;  ///< labels of those that are recosted; empty: all
  std::string platform;              ///< file; empty: the run's own
  std::string out;                   ///< folder; empty: RUN-recost
  int jobs = 0;
  std::vector<Override> overrides;
  std::string command_line;
  MetaMap of_sweep;     ///< for the store of a combination of a sweep, which compares at its end; empty: no sweep
  bool resume = false;  ///< leave a folder as it is that holds the same recosted already
  CoreShare share;      ///< of a sweep's cores
};

struct PlatformCommand {
  std::optional<int> devices;      ///< none: as many as the parts count, otherwise 10
  std::vector<std::string> parts;  ///< "40% old-phone on 4g"
  std::string server = "cloud-cpu";
  std::string aggregator;  ///< kind; empty: no edge aggregators
  std::string backhaul = "fibre";
  int per_cell = -1;  ///< devices behind one access point; -1: as the catalogue says
  double spread = 0.3;
  std::uint64_t seed = 1;
  std::string churn = "none";
  std::string on = "30min", off = "10min";
  std::vector<std::string> devices_files;  ///< catalogues of further kinds, e.g. of msfusion calibrate
  std::string out;                         ///< file; empty: standard output
};

struct NewCommand {
  std::string out = "scenario.xml";
  std::vector<std::string> devices = {"60% old-phone on 4g, 40% laptop on wifi4"};  ///< parts, as of the platform
  std::optional<int> count;  ///< of devices; none: as many as the parts count, otherwise 10
  std::string data = "fashion-mnist";
  std::string path;   ///< of the data; empty: the usual places
  std::string model;  ///< kind; empty: one that suits the data
  std::string methods = "msfusion,fedavg";
  int rounds = 10;
  std::string target;  ///< accuracies; empty: none
};

struct CalibrateCommand {
  std::string out;                    ///< file; empty: standard output
  std::vector<int> threads = {1, 2};  ///< cores that train at once: an entry for each
  std::string only;                   ///< "device" or "network"; empty: both
  bool verbose = false;               ///< every step and transfer
  std::string speed_profiles;         ///< folder for how fast the machine was over time; empty: not written
  bool framing = false;               ///< count frames instead of fitting a factor
};

int calibrate_machine(const CalibrateCommand& command);
int run_sweep(const RunCommand& command, const Sweep& sweep, const std::string& scenario_name);
int plan_sweep(const PlanCommand& command, const Sweep& sweep, const std::string& scenario_name);
int new_scenario(const NewCommand& command);
int examine_installation();
int make_platform(const PlatformCommand& command);
void list_devices();
int run_scenario(const RunCommand& command);
int plan_scenario(const PlanCommand& command);
int recost_run(const RecostCommand& command);
int check_scenario(const std::string& scenario, const std::vector<Override>& overrides);

struct CheckModelCommand {
  std::string file;        ///< the model file
  std::string parameters;  ///< "widths=32 64; depth=2"
  std::string sample;      ///< "3 224 224"; empty: as the file says
  int classes = 0;         ///< 0: as the file says
};
int check_model(const CheckModelCommand& command);

/// What `msfusion list` can list.
std::vector<std::string> listed_things();
int list_things(const std::string& what);

/// "path=value" of --set. Throws UserError.
Override parse_override(const std::string& text);

}  // namespace msfusion
