#include "sim/base/xml.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/base/thread_clock.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using Doctype = XmlDocument::Doctype;

namespace {

XmlDocument parse(const std::string& text, Doctype doctype = Doctype::refused) {
  return XmlDocument::parse_text(text, "x.xml", doctype);
}

std::vector<Mistake> mistakes_of(const std::string& text, Doctype doctype = Doctype::refused) {
  try {
    parse(text, doctype);
  } catch (const UserError& error) {
    return error.mistakes();
  }
  return {};
}

}  // namespace

TEST_CASE("elements give their names, texts, attributes and children") {
  const XmlDocument document = parse("<a x='1' y='&lt;&#65;'>t<b/>u<c/><b z='2'/></a>");
  const XmlElement root = document.root();
  CHECK(root.name() == "a");
  CHECK(root.text() == "tu");
  CHECK(root.attribute("y") == "<A");
  CHECK_FALSE(root.attribute("z"));
  CHECK(root.attributes() == std::vector<std::pair<std::string, std::string>>{{"x", "1"}, {"y", "<A"}});
  CHECK(root.children().size() == 3);
  CHECK(root.children("b")[1].attribute("z") == "2");
}

TEST_CASE("tags and attributes know their own lines") {
  const XmlDocument document = parse(
      "<?xml version='1.0'?>\n<!-- <no> \n -->\n<a\n  xmlns:o='o' x='>\n/'\n  "
      "y=\"1\">\n<b/><![CDATA[<c>\n]]>\n<d\n/>\n</a>");
  const XmlElement root = document.root();
  CHECK(root.line() == 4);
  CHECK(root.attribute_line("x") == 5);
  CHECK(root.attribute_line("y") == 7);
  CHECK(root.attribute_line("nothing") == 4);
  CHECK(root.children("b")[0].line() == 8);
  CHECK(root.children("d")[0].line() == 10);
}

TEST_CASE("texts in other encodings are read") {
  CHECK(parse("<?xml version='1.0' encoding='ISO-8859-1'?>\n<a x='\xe9'/>").root().attribute("x") == "\u00e9");
  std::string wide = "\xff\xfe";
  for (const char c : std::string("<a>\n<b\nx='1'/></a>")) wide += std::string{c, '\0'};
  CHECK(parse(wide).root().children("b")[0].attribute("x") == "1");
  CHECK(parse(wide).root().children("b")[0].line() == 2);
  CHECK(parse(wide).root().children("b")[0].attribute_line("x") == 3);
}

TEST_CASE("an element has at most 1000 attributes") {
  std::string many = "<a";
  for (int i = 0; i < 1000; ++i) many += " x" + std::to_string(i) + "='1'";
  CHECK(parse(many + "/>").root().attributes().size() == 1000);
  const auto mistakes = mistakes_of("<b>\n" + many + " y='2'/></b>");
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].line == 2);
  CHECK(mistakes[0].found == "an element with 1001 attributes");
  for (int i = 1000; i < 200'000; ++i) many += " x" + std::to_string(i) + "='1'";
  const double before = thread_cpu_seconds();
  CHECK(mistakes_of(many + "/>").size() == 1);
  CHECK(thread_cpu_seconds() - before < 1);  // not the square of their number
}

TEST_CASE("lines are known beyond 65535") {
  const XmlDocument document = parse("<a>" + std::string(70000, '\n') + "<b/></a>");
  CHECK(document.root().children()[0].line() == 70001);
}

TEST_CASE("a changed document is written with its changes") {
  const XmlDocument document = parse("<a><b/></a>");
  document.root().children()[0].set_attribute("x", "<&\">");
  document.root().add_child("c").set_attribute("y", "2");
  const XmlDocument again = parse(document.serialise());
  CHECK(again.root().children("b")[0].attribute("x") == "<&\">");
  CHECK(again.root().children("c")[0].attribute("y") == "2");
}

TEST_CASE("what is not well-formed is refused with its line") {
  const auto [text, line] = GENERATE(table<std::string, int>({
      {"hello", 1},
      {"\n\n<a>\n<b>\n</a>", 5},
      {"<a x='1' x='2'/>", 1},
      {"<a>\n&nothing;</a>", 2},
      {"<a>\n\x01</a>", 2},
      {"<a>\n\xff\xfe</a>", 2},
      {"<a/>\n<b/>", 2},
      {"<a\nx=1/>", 2},
      {"<a><o:b/></a>", 1},
  }));
  INFO(text);
  const auto mistakes = mistakes_of(text);
  REQUIRE_FALSE(mistakes.empty());
  CHECK(mistakes[0].file == "x.xml");
  CHECK(mistakes[0].line == line);
}

TEST_CASE("entities are refused, with and without a doctype being allowed") {
  const std::string text =
      GENERATE(as<std::string>(), "<!DOCTYPE a [\n<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
               "<!DOCTYPE a [\n<!ENTITY % e SYSTEM 'http://localhost/x'> %e;]><a/>",
               "<!DOCTYPE a [\n<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;'>]><a "
               "x='&c;'/>");
  const Doctype doctype = GENERATE(Doctype::refused, Doctype::ignored);
  const auto mistakes = mistakes_of(text, doctype);
  REQUIRE_FALSE(mistakes.empty());
  if (doctype == Doctype::ignored) CHECK(mistakes[0].line == 2);
}

TEST_CASE("a doctype is refused or ignored, and its DTD never read") {
  const std::string text = "<!DOCTYPE a SYSTEM \"/nowhere/a.dtd\">\n<a/>";
  CHECK(mistakes_of(text).size() == 1);
  CHECK(parse(text, Doctype::ignored).root().line() == 2);
}

TEST_CASE("a deep nesting ends with a message") {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "<a>";
  CHECK_FALSE(mistakes_of(text).empty());
}

TEST_CASE("files that cannot be read are refused by name") {
  const auto found = [](const std::string& file, std::size_t max_bytes) -> std::string {
    try {
      XmlDocument::parse_file(file, Doctype::refused, max_bytes);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  namespace fs = std::filesystem;
  CHECK(found("/nowhere/x.xml", 100) == "/nowhere/x.xml: no such file; check the path");
  CHECK(found("/", 100) == "/: is a folder; an XML file is needed");
  CHECK(found("/dev/null", 100) == "/dev/null: is a device; an XML file is needed");
  CHECK(found("/dev/zero", 1000000) == "/dev/zero: is a device; an XML file is needed");
  const fs::path file = fs::temp_directory_path() / ("msfusion-xml-test-" + std::to_string(getpid()) + ".xml");
  std::ofstream(file) << "<a/>";
  CHECK(found(file.string(), 4).empty());
  CHECK_FALSE(found(file.string(), 3).empty());
  fs::remove(file);
}

TEST_CASE("only text that XML can hold counts as such") {
  CHECK(is_xml_text("plain, \u00e9\t\n"));
  CHECK_FALSE(is_xml_text("\x01"));
  CHECK_FALSE(is_xml_text("\xff"));
  CHECK_FALSE(is_xml_text(std::string("a\0b", 3)));
}

TEST_CASE("a visitor sees every element with its lines, complete, and only what it keeps stays") {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("msfusion-visit-" + std::to_string(getpid()) + ".xml")).string();
  std::ofstream(file)
      << ("<list>\n  <group name=\"a\">\n    <item n=\"1\">one</item>\n    text <item\n n=\"2\"><part/></item>\n  "
          "</group>\n"
          "  <keep>this</keep> and <item n=\"3\">three</item>\n</list>\n");
  struct Seen : XmlDocument::Visitor {
    std::vector<std::string> entered, left;
    std::vector<XmlElement> kept;
    void enter(const XmlElement& element) override {
      entered.push_back(element.name() + ":" + std::to_string(element.line()));
      CHECK(element.children().empty());
    }
    bool leave(const XmlElement& element) override {
      if (element.name() == "part") return true;
      left.push_back(element.name() + element.attribute("n").value_or("") + "=" + element.text() + "/" +
                     std::to_string(element.children().size()) + "@" + std::to_string(element.attribute_line("n")));
      if (element.name() == "keep") kept.push_back(element);
      return element.name() == "keep" || element.name() == "list";
    }
  } seen;
  const XmlDocument rest = XmlDocument::visit_file(file, XmlDocument::Doctype::refused, 1000, seen);
  CHECK(seen.entered ==
        std::vector<std::string>{"list:1", "group:2", "item:3", "item:4", "part:5", "keep:7", "item:7"});
  REQUIRE(seen.left.size() == 6);
  CHECK(seen.left[0] == "item1=one/0@3");
  CHECK(seen.left[1] == "item2=/1@5");
  CHECK(seen.left[4] == "item3=three/0@7");
  std::filesystem::remove(file);
  REQUIRE(rest.root().children().size() == 1);
  CHECK(seen.kept.front().text() == "this");
}
