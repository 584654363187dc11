// Traces as files: read as they are written, or refused with their line.
#include <sys/resource.h>

#include <functional>

#include "sim/base/error.hpp"
#include "sim/platform/device_traces.hpp"
#include "sim/platform/step_series.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string mistakes_of(const std::function<void()>& read) {
  try {
    read();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::string refusal(const std::string& availability, const std::string& devices = "") {
  const std::string file = write_file(availability), other = devices.empty() ? "" : write_file(devices);
  return mistakes_of([&] { read_device_traces(other, file); });
}

const std::string kDevices = "device,period_s,compute_ms,down_bps,up_bps,model\n";
const std::string kPeriod = "# period_s: 100\ndevice,on_s,off_s\n";

}  // namespace

TEST_CASE("recorded devices are read row after row, and what is not known stays so") {
  const DeviceTraces traces =
      read_device_traces(write_file("# source: by hand\n" + kDevices + "a,100,20,1e6,,x y\nb,200,,,5e5,\nc,50,40,,,\n"),
                         write_file("device,on_s,off_s\nb,0,20\nb,30.5,200\na,10,20\nc,0,50\n"));
  REQUIRE(traces.rows.size() == 3);
  CHECK(traces.rows[0].down_bps == 1e6);
  CHECK_FALSE(traces.rows[0].up_bps.has_value());
  CHECK_FALSE(traces.rows[1].compute_ms.has_value());
  CHECK(traces.rows[1].period_seconds == 200.0);
  CHECK(traces.median_compute_ms == 30.0);
  CHECK(traces.intervals_of(traces.rows[1]).at(1).on_seconds == 30.5);
  CHECK(traces.intervals_of(traces.rows[0]).size() == 1);
  // All rows have their turn, whichever comes first.
  for (const std::uint64_t seed : {1, 2, 3}) {
    CHECK(&traces.row_of(0, seed) == &traces.row_of(3, seed));
    CHECK(&traces.row_of(0, seed) != &traces.row_of(1, seed));
    CHECK(&traces.row_of(1, seed) != &traces.row_of(2, seed));
  }
}

TEST_CASE("intervals become a state profile and the same intervals again") {
  const auto same = [](const std::vector<OnInterval>& intervals, double period) {
    const std::vector<OnInterval> again = on_intervals(state_profile(intervals, period));
    REQUIRE(again.size() == intervals.size());
    for (std::size_t i = 0; i < again.size(); ++i) {
      CHECK(again[i].on_seconds == intervals[i].on_seconds);
      CHECK(again[i].off_seconds == intervals[i].off_seconds);
    }
  };
  same({{0, 10}, {20.25, 30}}, 40);
  same({{5, 40}}, 40);
  same({{0, 10}, {20, 40}}, 40);
  same({{0, 40}}, 40);
  CHECK(state_profile({{0, 40}}, 40).events.empty());  // always on
  const Profile profile = state_profile({{5, 10}, {20, 40}}, 40);
  REQUIRE(profile.events.size() == 4);
  CHECK(profile.events[0].date_seconds == 0);
  CHECK(profile.events[0].value == 0);
  CHECK(profile.events[3].date_seconds == 20);
}

TEST_CASE("a spreadsheet's byte-order mark is no part of the first column's name") {
  CHECK(read_device_traces(write_file("\xef\xbb\xbf" + kDevices + "a,100,20,1e6,,x y\n"), "").rows.size() == 1);
}

TEST_CASE("mistakes in traces of devices are told with their line") {
  CHECK_THAT(refusal(kPeriod + "a,5,5\n"), ContainsSubstring(":3: on_s \"5\", off_s \"5\"; 0 <= on_s < off_s"));
  CHECK_THAT(refusal(kPeriod + "a,-1,5\n"), ContainsSubstring(":3: on_s \"-1\""));
  CHECK_THAT(refusal(kPeriod + "a,nan,5\n"), ContainsSubstring(":3: on_s \"nan\""));
  CHECK_THAT(refusal(kPeriod + "a,0,10\na,10,20\n"), ContainsSubstring(":4: on_s 10 after off_s 10"));
  CHECK_THAT(refusal(kPeriod + "a,0,101\n"), ContainsSubstring("behind the device's period of 100 s"));
  CHECK_THAT(refusal(kPeriod + "a,0,10\nb,0,10\na,20,30\n"), ContainsSubstring(":5: device \"a\" again, after others"));
  CHECK_THAT(refusal("device,on_s,off_s\na,0,10\n"), ContainsSubstring("device \"a\" without a period"));
  CHECK_THAT(refusal("device,on,off\n"), ContainsSubstring("the heading \"device,on,off\"; device,on_s,off_s"));
  CHECK_THAT(refusal(kPeriod + "a,0\n"), ContainsSubstring(":3: 2 fields; 3: device,on_s,off_s"));
  CHECK_THAT(refusal(""), ContainsSubstring("an empty file"));
  CHECK_THAT(refusal(kPeriod), ContainsSubstring("no device"));
  CHECK_THAT(refusal(std::string(5000, 'x')), ContainsSubstring("more than 4096 characters"));
  CHECK_THAT(refusal("device,on_s,off_s\nz,0,10\n", kDevices + "a,100,,,,\n"),
             ContainsSubstring("device \"z\", which the file of devices does not have"));
  CHECK_THAT(refusal("device,on_s,off_s\na,0,10\n", kDevices + "a,100,,,,\nb,100,,,,\n"),
             ContainsSubstring("no interval of device \"b\""));
  CHECK_THAT(refusal("device,on_s,off_s\na,0,10\n", kDevices + "a,100,0,,,\n"), ContainsSubstring("compute_ms \"0\""));
  CHECK_THAT(mistakes_of([] { read_device_traces("/nowhere/x.csv", ""); }), ContainsSubstring("cannot be read"));
}

TEST_CASE("steps hold until the next one, and repeat") {
  const StepSeries series = read_step_series(write_file("start_s,bps\n0,8\n10,16\n20,\n"), "bps", 1, 1e9);
  CHECK(series.at(0) == 8);
  CHECK(series.at(9.999) == 8);
  CHECK(series.at(10) == 16);
  CHECK(series.at(20) == 8);
  CHECK(series.at(35) == 16);
  CHECK(series.next_change(0) == 10);
  CHECK(series.next_change(10) == 20);
  CHECK(series.next_change(25) == 30);
  CHECK(series.mean() == 12);
  CHECK(series.as_profile(0.125).events.at(1).value == 2);
  const auto mistake = [](const std::string& text) {
    return mistakes_of([&] { read_step_series(write_file(text), "bps", 1, 1e9); });
  };
  CHECK_THAT(mistake("start_s,bps\n0,8\n"), ContainsSubstring("no end, after which the steps repeat"));
  CHECK_THAT(mistake("start_s,bps\n5,8\n10,\n"), ContainsSubstring(":2: a first step at 5 s"));
  CHECK_THAT(mistake("start_s,bps\n0,8\n0,9\n10,\n"), ContainsSubstring(":3: start_s 0 after 0"));
  CHECK_THAT(mistake("start_s,bps\n0,0\n10,\n"), ContainsSubstring(":2: bps \"0\"; a number from 1 to 1000000000"));
  CHECK_THAT(mistake("start_s,bps\n0,8\n10,\n20,9\n"), ContainsSubstring(":4: a line behind the end"));
}

TEST_CASE("a hundred thousand recorded devices are read in 2 s of a core and 300 MB") {
  std::string devices = kDevices, intervals = "device,on_s,off_s\n";
  for (int device = 0; device < 100'000; ++device) {
    const std::string name = std::to_string(device);
    devices += name + ",604800,104.5,20000000,8000000,phone\n";
    for (int day = 0; day < 7; ++day) {
      const int on = day * 86400 + device % 1000;
      intervals += name + ',' + std::to_string(on) + ',' + std::to_string(on + 30000) + '\n';
    }
  }
  const std::string devices_file = write_file(devices), intervals_file = write_file(intervals);
  devices = intervals = std::string();
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const DeviceTraces traces = read_device_traces(devices_file, intervals_file);
  getrusage(RUSAGE_SELF, &after);
  CHECK(traces.intervals.size() == 700'000);
  const auto seconds = [](const rusage& usage) {
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  CHECK(seconds(after) - seconds(before) < 2);
  CHECK(after.ru_maxrss < 300'000);  // kB, all of this test included
}
