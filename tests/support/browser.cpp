#include "tests/support/browser.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "tests/support/paths.hpp"

namespace msfusion {

namespace {

std::string text_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string with_plain_signs(std::string text) {
  for (const auto& [sign, plain] : {std::pair("&lt;", "<"), {"&gt;", ">"}, {"&amp;", "&"}})
    for (auto at = text.find(sign); at != std::string::npos; at = text.find(sign, at + 1))
      text.replace(at, std::string(sign).size(), plain);
  return text;
}

}  // namespace

std::optional<OpenedPage> open_page(const std::filesystem::path& file, const std::string& options) {
  if (std::system("command -v chromium > /dev/null 2>&1") != 0) return {};
  const auto command = fmt::format(
      "cd '{}' && rm -rf profile && timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic "
      "--no-first-run --disable-background-networking --disable-component-update --disable-sync "
      "--user-data-dir=profile --enable-logging=stderr --v=0 --virtual-time-budget=200000 {} "
      "--dump-dom \"file://$PWD/{}\" > dom.html 2> errors.txt",
      file.parent_path().string(), options, file.filename().string());
  const bool opened = std::system(command.c_str()) == 0;
  OpenedPage page{text_in(file.parent_path() / "dom.html"), text_in(file.parent_path() / "errors.txt")};
  if (!opened) throw std::runtime_error("chromium failed: " + page.errors);
  return page;
}

std::optional<OpenedReports> open_reports(const std::filesystem::path& folder, const std::vector<std::string>& pages) {
  std::string script = text_in(source_file("tests/support/open_pages.html"));
  const std::string place = "open(PAGES)";
  script.replace(script.find(place), place.size(), "open(" + nlohmann::json(pages).dump() + ")");
  std::ofstream(folder / "open_pages.html") << script;
  const auto page = open_page(folder / "open_pages.html", "--window-size=1300,1000 --allow-file-access-from-files");
  if (!page) return {};
  const std::string begin = "<pre id=\"seen\">";
  const auto from = page->dom.find(begin) + begin.size();
  const auto seen = with_plain_signs(page->dom.substr(from, page->dom.find("</pre>", from) - from));
  if (seen.empty()) throw std::runtime_error("not every page was drawn: " + page->errors);
  return OpenedReports{nlohmann::json::parse(seen), page->errors};
}

}  // namespace msfusion
