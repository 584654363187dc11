#include "sim/base/units.hpp"

#include <limits>

#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a quantity is read in its base unit") {
  const auto [text, quantity, value] = GENERATE(table<std::string, Quantity, double>({
      {"20ms", Quantity::seconds, 0.02},
      {"20 ms", Quantity::seconds, 0.02},
      {"1.5e3us", Quantity::seconds, 1.5e-3},
      {"2min", Quantity::seconds, 120},
      {"1d", Quantity::seconds, 86400},
      {"512MiB", Quantity::bytes, 536870912},
      {"1GB", Quantity::bytes, 1e9},
      {"1.5MBps", Quantity::bytes_per_second, 1.5e6},
      {"8Mbps", Quantity::bytes_per_second, 1e6},
      {"2Gf", Quantity::flops_per_second, 2e9},
      {"0.2USD/h", Quantity::usd_per_hour, 0.2},
      {"0.1USD/GB", Quantity::usd_per_gigabyte, 0.1},
      {"0.3USD/kWh", Quantity::usd_per_kilowatthour, 0.3},
      {"400gCO2/kWh", Quantity::grams_per_kilowatthour, 400},
      {"1kWh", Quantity::joules, 3.6e6},
      {"5W", Quantity::watts, 5},
      {"0", Quantity::seconds, 0},
      {"-3s", Quantity::seconds, -3},
  }));
  INFO(text);
  REQUIRE(parse_quantity(text, quantity));
  CHECK(*parse_quantity(text, quantity) == Approx(value));
}

TEST_CASE("what is no quantity is refused") {
  const std::string text = GENERATE(as<std::string>(), "", "s", "20", "20 ", "20  s", "20xs", "20MiB", "nans", "infs",
                                    "0x10s", "1e999s", "1,5s", "+3s", "--3s", "3 s ", "-", "1e308d", "٣s");
  INFO(text);
  CHECK_FALSE(parse_quantity(text, Quantity::seconds));
}

TEST_CASE("a number is decimal, finite and nothing else") {
  CHECK(parse_number("0.25") == 0.25);
  CHECK(parse_number("-1e-3") == -1e-3);
  CHECK(parse_number(".5") == 0.5);
  const std::string text = GENERATE(as<std::string>(), "", " 1", "1 ", "nan", "inf", "-inf", "infinity", "1e999",
                                    "1e-999", "0x10", "1.2.3", "+1", "1f");
  INFO(text);
  CHECK_FALSE(parse_number(text));
}

TEST_CASE("an integer fits into 64 bits") {
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_integer("9223372036854775807") == std::numeric_limits<long long>::max());
  const std::string text = GENERATE(as<std::string>(), "", "1.0", "9223372036854775808", "1e3", " 1", "+1", "0x1");
  INFO(text);
  CHECK_FALSE(parse_integer(text));
}

TEST_CASE("quantities are written for people with four digits in a fitting unit") {
  CHECK(human(1.5e-3, Quantity::seconds) == "1.5 ms");
  CHECK(human(3.2e9, Quantity::bytes) == "3.2 GB");
  CHECK(human(0, Quantity::bytes) == "0 B");
  CHECK(human(0, Quantity::seconds) == "0 s");
  CHECK(human(90, Quantity::seconds) == "1.5 min");
  CHECK(human(12345678, Quantity::bytes) == "12.35 MB");
  CHECK(human(2.5e9, Quantity::flops_per_second) == "2.5 Gf");
  CHECK(human(5e-11, Quantity::seconds) == "0.05 ns");
  CHECK(human(std::numeric_limits<double>::quiet_NaN(), Quantity::joules) == "unknown");
}

TEST_CASE("the units of a quantity are listed for messages") {
  CHECK(allowed_units(Quantity::seconds) == "ns, us, ms, s, min, h, d");
}
