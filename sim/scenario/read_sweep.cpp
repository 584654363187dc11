#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace {

std::vector<std::string> split_values(const std::string& text) {
  std::vector<std::string> values(1);
  for (const char c : text) {
    if (c == '|') {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  for (std::string& value : values) {
    const std::size_t begin = value.find_first_not_of(' ');
    value = begin == std::string::npos ? "" : value.substr(begin, value.find_last_not_of(' ') - begin + 1);
  }
  return values;
}

}  // namespace

std::vector<SweepAxis> read_sweep(ReadingContext& context, const XmlElement& sweep) {
  std::vector<SweepAxis> axes;
  for (const XmlElement& element : sweep.children("vary")) {
    AttributeReader reader(context, "vary", element);
    SweepAxis axis{reader.text("path"), split_values(reader.text("values")), reader.line()};
    for (const std::string& value : axis.values)
      if (value.empty()) {
        reader.mistake("values", reader.quote("values") + ": an empty value", "values separated by \" | \"");
        break;
      }
    if (axis.path.rfind("sweep", 0) == 0 || axis.path == "name")
      reader.mistake("path", reader.quote("path"), "an attribute that can differ between the runs of one sweep");
    axes.push_back(std::move(axis));
  }
  return axes;
}

}  // namespace msfusion
