#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/base/xml.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

/// A small schema in a file of its own for the time of a test.
class SchemaFile {
 public:
  SchemaFile()
      : path_(std::filesystem::temp_directory_path() /
              ("msfusion-validate-test-" + std::to_string(getpid()) + ".xsd")) {
    std::ofstream(path_) << R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="count">
    <xs:annotation><xs:documentation>a whole number, 1 or more</xs:documentation></xs:annotation>
    <xs:restriction base="xs:int"><xs:minInclusive value="1"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="colour">
    <xs:restriction base="xs:string"><xs:enumeration value="red"/><xs:enumeration value="green"/></xs:restriction>
  </xs:simpleType>
  <xs:element name="box"><xs:complexType>
    <xs:all>
      <xs:element name="lid"><xs:complexType>
        <xs:attribute name="count" type="count" use="required"/><xs:attribute name="colour" type="colour"/>
      </xs:complexType></xs:element>
      <xs:element name="base" minOccurs="0"><xs:complexType><xs:attribute name="count" type="count"/></xs:complexType></xs:element>
    </xs:all>
  </xs:complexType></xs:element>
</xs:schema>)";
  }
  ~SchemaFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string objections(const std::string& text) {
  const SchemaFile schema;
  const XmlDocument document = XmlDocument::parse_text(text, "x", XmlDocument::Doctype::refused);
  const std::string before = document.serialise();
  std::string all;
  for (const Mistake& mistake : document.validate(schema.path())) all += to_string(mistake) + "\n";
  CHECK(document.serialise() == before);
  return all;
}

}  // namespace

TEST_CASE("a valid document has no objections") {
  CHECK(objections("<box><base/><lid count='1'/></box>").empty());
}

TEST_CASE("each objection says where, what, and what is allowed") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"<bax/>", "x:1: the outermost element is <bax>; only <box> is allowed\n"},
      {"<box/>", "x:1: <box> has no <lid>; it is needed\n"},
      {"<box><lid count='1'/>\n<bse/></box>",
       "x:2: unknown element <bse> in <box>; allowed: one of lid, base; did you mean 'base'?\n"},
      {"<box><lid count='1'/>\n<lid count='1'/></box>", "x:2: a second <lid> in <box>; only one is allowed\n"},
      {"<box><lid count='1'><x/></lid></box>", "x:1: unknown element <x> in <lid>; no elements are allowed in it\n"},
      {"<box>hm<lid count='1'/></box>", "x:1: text within <box>; only elements and attributes are allowed\n"},
      {"<box><lid count='1'>hm</lid></box>", "x:1: text within <lid>; only elements and attributes are allowed\n"},
      {"<box><lid/></box>", "x:1: <lid> has no count; needed: a whole number, 1 or more\n"},
      {"<box><lid count='1' color='red'/></box>",
       "x:1: unknown attribute color in <lid>; allowed: one of count, colour; did you mean 'colour'?\n"},
      {"<box><lid count='1'\n colour='gren'/></box>",
       "x:2: colour=\"gren\" in <lid>; allowed: one of red, green; did you mean 'green'?\n"},
      {"<box><lid\n\n count='0'/></box>", "x:3: count=\"0\" in <lid>; allowed: a whole number, 1 or more\n"},
      {"<box xmlns='urn:other'/>", "x:1: the outermost element is <box>; only <box> is allowed\n"},
  }));
  CHECK(objections(text) == expected);
}

TEST_CASE("all objections come at once, by line") {
  CHECK(objections("<box>\n<a/>\n<lid\ncount='x'\ncolour='blue'/>\n<b/>\n<base count='-1'/>\n<base/>\n</box>") ==
        "x:2: unknown element <a> in <box>; allowed: one of lid, base\n"
        "x:4: count=\"x\" in <lid>; allowed: a whole number, 1 or more\n"
        "x:5: colour=\"blue\" in <lid>; allowed: one of red, green\n"
        "x:6: unknown element <b> in <box>; allowed: one of lid, base\n"
        "x:7: count=\"-1\" in <base>; allowed: a whole number, 1 or more\n"
        "x:8: a second <base> in <box>; only one is allowed\n");
}

TEST_CASE("a schema that a document names is never loaded") {
  CHECK(objections("<box xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                   "xsi:noNamespaceSchemaLocation='/dev/zero'><lid count='1'/></box>")
            .empty());
}

TEST_CASE("thousands of mistakes end soon") {
  std::string text = "<box>";
  for (int i = 0; i < 20000; ++i) text += "<x" + std::to_string(i) + "/>";
  CHECK_FALSE(objections(text + "</box>").empty());
}
