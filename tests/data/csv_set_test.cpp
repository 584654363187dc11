// Tables: what columns become, and what is refused with its line.
#include "sim/data/csv_set.hpp"

#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

TEST_CASE("a column of numbers is a feature, any other a feature for each of its values") {
  const TempFolder folder;
  folder.write("train.csv", std::string("\xef\xbb\xbf"
                                        "size,colour,client,target\r\n"
                                        "1.5,red,ann,10\r\n-2,\"blue, \"\"dark\"\"\",bob,9\r\n\r\n3e1,red,ann,10\r\n"));
  folder.write("test.csv", std::string("size,colour,client,target\n4,green,cleo,9"));
  const Dataset data = read_csv_set(folder.path(), true);
  CHECK(data.classes == 2);
  CHECK(data.train_images.channels == 3);  // size; blue, "dark"; red
  CHECK(data.train_images.values == std::vector<float>{1.5, 0, 1, -2, 1, 0, 30, 0, 1});
  CHECK(data.train_images.labels == std::vector<std::int32_t>{1, 0, 1});  // 9 comes before 10
  CHECK(data.train_images.groups == std::vector<std::int32_t>{0, 1, 0});
  CHECK(data.test_images.values == std::vector<float>{4, 0, 0});  // green is none of them
  CHECK(read_csv_set(folder.path(), false).train_images.values.empty());
}

TEST_CASE("one table is cut: its last tenth is the test, and its last column the class") {
  const TempFolder folder;
  std::string text = "x\ty\n";
  for (int i = 0; i < 20; ++i) text += std::to_string(i) + "\t" + (i % 2 == 0 ? "even" : "odd") + "\n";
  const Dataset data = read_csv_set(folder.write("all.csv", text), true);
  CHECK(data.train_images.size() == 18);
  CHECK(data.test_images.values == std::vector<float>{18, 19});
  CHECK(data.test_images.labels == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("a table that is not one is refused with its line") {
  const TempFolder folder;
  const auto mistake = [&](const std::string& train, const std::string& test) {
    folder.write("train.csv", train);
    folder.write("test.csv", test);
    return error_of([&] { read_csv_set(folder.path(), true); });
  };
  CHECK_THAT(mistake("a,b\n1,2\n1\n", "a,b\n1,2"), ContainsSubstring("train.csv:3: 1 cells; 2, as many as columns"));
  CHECK_THAT(mistake("a,b\n1,\"2\n", "a,b\n1,2"), ContainsSubstring("train.csv:3: a quote is not closed"));
  CHECK_THAT(mistake("a,b\n1,2\n", "a,b\n1,3"),
             ContainsSubstring("test.csv:2: b = \"3\"; a class of the training split"));
  CHECK_THAT(mistake("a,b\n1,2\n", "a,b\n\n,2"), ContainsSubstring("test.csv:3: a = \"\"; a number"));
  CHECK_THAT(mistake("a,b\n1,2\n", "a,c\n1,2"), ContainsSubstring("test.csv:1: other columns"));
  CHECK_THAT(mistake("a,b\n", "a,b\n1,2"), ContainsSubstring("train.csv: no rows"));
  CHECK_THAT(mistake("b\n2\n", "b\n2"), ContainsSubstring("0 features"));
}
