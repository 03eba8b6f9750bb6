#include "cli/explain.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cctype>

namespace wisp::cli {
namespace {

/// A page is Markdown; on a terminal its marks become colour.
std::string coloured(std::string_view page, Colour colour) {
  std::string out;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    auto line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    Style style = Style::plain;
    if (colour == Colour::on && line.starts_with('#')) {
      line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
      style = Style::strong;
    } else if (line.starts_with("    ")) {
      style = Style::label;
    }
    out += paint(colour, style, line) + "\n";
  }
  return out;
}

class ExplainCommand final : public Command {
 public:
  std::string_view name() const override { return "explain"; }
  std::string_view summary() const override { return "explains an error code, or lists them all"; }
  std::string_view usage() const override { return "[options] [CODE]"; }

  void declare(CLI::App& app) override {
    app.add_option("CODE", code_, "such as E0207; the number alone will do. Without it all codes are listed");
  }

  Result<int> execute(Console& console) override {
    if (code_.empty()) return list(console);
    const auto* page = find_page(code_);
    if (page == nullptr)
      return std::unexpected(Error(Errc::usage, fmt::format("there is no error {}", code_))
                                 .with("try", "wisp explain lists them all"));
    if (console.format == OutputFormat::json) {
      console.out.write(json_line(boost::json::object{{"code", code_text(page->code)},
                                                      {"name", json_text(wisp::name(page->code))},
                                                      {"title", json_text(title(page->code))},
                                                      {"page", json_text(page->text)}}));
    } else {
      console.out.write(coloured(page->text, console.out.colour()));
    }
    return 0;
  }

 private:
  static Result<int> list(Console& console) {
    if (console.format == OutputFormat::json) {
      boost::json::array codes;
      for (const auto& page : pages())
        codes.push_back({{"code", code_text(page.code)},
                         {"name", json_text(wisp::name(page.code))},
                         {"title", json_text(title(page.code))}});
      console.out.write(json_line(boost::json::object{{"errors", std::move(codes)}}));
      return 0;
    }
    Table table({{"CODE"}, {"MEANING"}});
    for (const auto& page : pages()) table.add({code_text(page.code), std::string(title(page.code))});
    console.out.write(table.render(console.out.colour()));
    return 0;
  }

  std::string code_;
};

}  // namespace

const Page* find_page(std::string_view code) {
  std::string digits(code);
  if (!digits.empty() && std::toupper(static_cast<unsigned char>(digits[0])) == 'E') digits.erase(0, 1);
  if (digits.empty() || digits.size() > 4) return nullptr;
  const auto wanted = "E" + std::string(4 - digits.size(), '0') + digits;
  const auto found =
      std::ranges::find_if(pages(), [&](const Page& page) { return code_text(page.code) == wanted; });
  return found == pages().end() ? nullptr : &*found;
}

std::unique_ptr<Command> make_explain_command() { return std::make_unique<ExplainCommand>(); }

}  // namespace wisp::cli
