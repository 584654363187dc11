#include "sim/platform/churn.hpp"

#include <sstream>
#include <vector>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Event {
  double date;
  int state;
};

std::vector<Event> events_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<Event> events;
  for (Event event{}; in >> event.date >> event.state;) events.push_back(event);
  return events;
}

double share_on(const std::vector<Event>& events, double period) {
  double on = 0;
  for (std::size_t i = 0; i < events.size(); ++i)
    if (events[i].state == 1) on += (i + 1 < events.size() ? events[i + 1].date : period) - events[i].date;
  return on / period;
}

}  // namespace

TEST_CASE("exponential churn is on for its share of the time, in turn, within its period") {
  const Churn churn{Churn::Kind::exponential, 1800, 600};
  double mean = 0;
  for (int device = 0; device < 50; ++device) {
    const auto events = events_of(churn_profile(churn, 7, device));
    REQUIRE(events.front().date == 0);
    REQUIRE(events.back().date < churn_period_seconds(churn));
    for (std::size_t i = 1; i < events.size(); ++i) {
      REQUIRE(events[i].date > events[i - 1].date);
      REQUIRE(events[i].state != events[i - 1].state);
    }
    mean += share_on(events, churn_period_seconds(churn)) / 50;
  }
  CHECK(mean == Approx(0.75).margin(0.03));
}

TEST_CASE("diurnal churn is on at midnight and off at noon") {
  const Churn churn{Churn::Kind::diurnal, 8 * 3600, 0};
  double mean = 0;
  for (int device = 0; device < 50; ++device) {
    const auto events = events_of(churn_profile(churn, 7, device));
    int at_midnight = events.front().state, at_noon = 0;
    for (const Event& event : events)
      if (event.date <= 12 * 3600) at_noon = event.state;
    CHECK(at_midnight == 1);
    CHECK(at_noon == 0);
    mean += share_on(events, churn_period_seconds(churn)) / 50;
  }
  CHECK(mean == Approx(8.0 / 24).margin(0.03));
}

TEST_CASE("a device's churn is its own, the same for the same seed") {
  const Churn churn{Churn::Kind::exponential, 60, 60};
  CHECK(churn_profile(churn, 1, 0) == churn_profile(churn, 1, 0));
  CHECK(churn_profile(churn, 1, 0) != churn_profile(churn, 1, 1));
  CHECK(churn_profile(churn, 1, 0) != churn_profile(churn, 2, 0));
  CHECK_THROWS_AS(churn_profile({Churn::Kind::exponential, 0, 60}, 1, 0), UserError);
}
