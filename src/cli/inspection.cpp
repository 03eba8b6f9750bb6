#include "cli/inspection.hpp"

#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/units.hpp"
#include "component/types/names.hpp"
#include "component/types/wit_printer.hpp"

#include <fmt/ranges.h>
#include <boost/json/array.hpp>

#include <algorithm>

namespace wisp::cli {
namespace {

using component::HostLinker;
using component::Plan;
namespace ast = component::ast;

struct World {
  std::string_view interface;  ///< an exported interface without its version
  Purpose purpose;
  std::string_view package;
};
constexpr World kWorlds[] = {
    {"wasi:http/incoming-handler", Purpose::http, "wasi:http"},
    {"wasi:http/handler", Purpose::http, "wasi:http"},
    {"wasi:cli/run", Purpose::command, "wasi:cli"},
};

/// "0.2" of "wasi:http/incoming-handler@0.2".
std::string_view version_of(std::string_view canonical) {
  const auto at = canonical.find('@');
  return at == std::string_view::npos ? std::string_view() : canonical.substr(at + 1);
}

void find_purpose(Inspection& into) {
  for (const auto& world : kWorlds) {
    for (const auto& name : into.provides) {
      const std::string canonical = component::canonical_name(name);
      if (std::string_view(canonical).substr(0, canonical.find('@')) != world.interface) continue;
      into.purpose = world.purpose;
      into.world = fmt::format("{} {}", world.package, version_of(canonical));
      return;
    }
  }
}

void collect_modules(const ast::Component& component, std::vector<const ast::CoreModule*>& modules) {
  for (const auto& definition : component.definitions) {
    if (const auto* module = std::get_if<ast::CoreModule>(&definition)) modules.push_back(module);
    if (const auto* nested = std::get_if<std::unique_ptr<ast::Component>>(&definition))
      collect_modules(**nested, modules);
  }
}

void describe_modules(const component::Component& component, Inspection& into) {
  std::vector<const ast::CoreModule*> modules;
  collect_modules(component.syntax(), modules);
  collect_producers(component.binary(), into.producers);
  // The largest module is the program; the small ones are what tools put around it.
  std::size_t largest = 0;
  Producers program;
  for (const auto* module : modules) {
    std::uint64_t memory = 0;
    for (const auto& each : module->memories) memory += each.min_bytes;
    into.modules.push_back({.name = std::string(module->name),
                            .bytes = module->bytes.size(),
                            .imports = module->imports.size(),
                            .exports = module->exports.size(),
                            .memory_bytes = memory});
    Producers own;
    collect_producers(module->bytes, own);
    collect_producers(module->bytes, into.producers);
    if (module->bytes.size() > largest) {
      largest = module->bytes.size();
      program = std::move(own);
    }
  }
  program.tools = into.producers.tools;
  into.language = main_language(program);
  // componentize-py leaves no trace but the names of its modules.
  if (std::ranges::any_of(into.modules,
                          [](const auto& module) { return module.name.starts_with("libpython"); }))
    into.language = "Python";
}

/// Linear memory of one instance: what the plan instantiates, each time it does.
void measure_memory(const Plan& plan, Inspection& into) {
  std::optional<std::uint64_t> most = 0;
  for (const auto& step : plan.steps) {
    const auto* instantiate = std::get_if<component::InstantiateStep>(&step);
    if (instantiate == nullptr || instantiate->module.from != component::ModuleRef::From::own) continue;
    for (const auto& memory : plan.modules[instantiate->module.index]->memories) {
      into.memory_at_start += memory.min_bytes;
      const std::uint64_t bound = memory.max_bytes.value_or(memory.memory64 ? 0 : 4ull << 30);
      if (bound == 0 || !most) {
        most.reset();
      } else {
        *most += bound;
      }
    }
  }
  into.memory_most = most;
}

/// Compares what is imported with what the host has: interfaces, their items, and the types of functions.
class ImportCheck final : private component::ResourceTags {
 public:
  ImportCheck(const Plan& plan, const HostLinker& host) : plan_(plan), host_(host) {}

  [[nodiscard]] std::vector<Lack> lacks() {
    for (const auto& import : plan_.imported_resources) {
      if (resource(import.path) == nullptr) add(import.path, "resource");
    }
    for (const auto& import : plan_.imported_funcs) {
      const auto* interface = interface_of(import.path);
      const auto* function = interface == nullptr ? nullptr : interface->find_function(import.path[1]);
      if (function == nullptr) {
        add(import.path, "function");
      } else if (!function->matches(*import.type, *this)) {
        add(import.path, "another type of function");
      }
    }
    for (const auto& import : plan_.imported_modules)
      lacks_.push_back({.interface = import.path[0], .item = "core module", .remedy = {}});
    return std::move(lacks_);
  }

 private:
  const component::HostInterface* interface_of(const std::vector<std::string>& path) const {
    return path.size() == 2 ? host_.find(path[0]) : nullptr;
  }
  const component::HostResourceType* resource(const std::vector<std::string>& path) const {
    const auto* interface = interface_of(path);
    return interface == nullptr ? nullptr : interface->find_resource(path[1]);
  }
  component::HostTypeTag tag(component::ResourceId id) const override {
    const auto import = std::ranges::find(plan_.imported_resources, id, &component::ImportedResource::id);
    const auto* type = import == plan_.imported_resources.end() ? nullptr : resource(import->path);
    return type == nullptr ? nullptr : type->tag;
  }
  void add(const std::vector<std::string>& path, std::string_view kind) {
    Lack lack{.interface = path[0], .item = {}, .remedy = {}};
    if (const auto* interface = interface_of(path)) {
      lack.item = fmt::format("{} {}", kind, path[1]);
      if (const auto* flag = interface->find_gate(path[1])) lack.remedy = *flag;
    }
    const auto same = [&](const Lack& other) {
      return other.interface == lack.interface && other.item == lack.item;
    };
    if (std::ranges::none_of(lacks_, same)) lacks_.push_back(std::move(lack));
  }

  const Plan& plan_;
  const HostLinker& host_;
  std::vector<Lack> lacks_;
};

std::string_view text_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::command:
      return "command";
    case Purpose::http:
      return "http";
    case Purpose::library:
      return "library";
  }
  return "";
}

std::string how_to_run(const Inspection& it) {
  switch (it.purpose) {
    case Purpose::command:
      return fmt::format("wisp run {}", it.file);
    case Purpose::http:
      return fmt::format("wisp serve {}", it.file);
    case Purpose::library:
      return fmt::format("wisp run --invoke 'FUNCTION(ARGUMENTS)' {}, or as --with {}", it.file, it.file);
  }
  return "";
}

class Lines {
 public:
  explicit Lines(Colour colour) : colour_(colour) {}
  void add(std::string_view label, std::string_view text) {
    out_ += "  " + paint(colour_, Style::label, pad_right(label, 13)) + printable(text) + "\n";
  }
  void list(std::string_view label, const std::vector<std::string>& items, std::string_view none) {
    if (items.empty()) add(label, none);
    for (const auto& item : items) {
      add(label, item);
      label = {};
    }
  }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  Colour colour_;
  std::string out_;
};

boost::json::array json_list(const std::vector<std::string>& items) {
  boost::json::array list;
  for (const auto& item : items) list.push_back(json_text(item));
  return list;
}

}  // namespace

Inspection inspect(std::string file, const component::Component& component, const HostLinker& host) {
  Inspection it{.file = std::move(file)};
  it.bytes = component.binary().size();
  describe_modules(component, it);
  if (!component.plan()) {
    it.obstacle = component.plan().error();
    return it;
  }
  const Plan& plan = *component.plan();
  for (const auto& [name, desc] : plan.imports) it.requires_.push_back(name);
  for (const auto& [name, desc] : plan.exports) it.provides.push_back(name);
  find_purpose(it);
  measure_memory(plan, it);
  it.unsupported = plan.unsupported;
  it.wit = component::print_wit(plan.imports, plan.exports);
  it.lacks = ImportCheck(plan, host).lacks();
  return it;
}

std::string summarize(const Inspection& it) {
  std::vector<std::string> parts;
  parts.push_back(it.world.empty() ? "library" : it.world);
  if (!it.language.empty()) parts.push_back(printable(it.language));
  parts.push_back(format_size(it.bytes));
  parts.push_back(fmt::format("{} core module{}", it.modules.size(), it.modules.size() == 1 ? "" : "s"));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string render(const Inspection& it, Colour colour) {
  Lines lines(colour);
  if (it.runnable() || it.purpose == Purpose::library) lines.add("run it with", how_to_run(it));
  lines.add("memory", it.memory_most
                          ? fmt::format("{} at start, {} at most", format_memory(it.memory_at_start),
                                        format_memory(*it.memory_most))
                          : fmt::format("{} at start, no upper bound", format_memory(it.memory_at_start)));
  if (!it.producers.tools.empty())
    lines.add("made by", fmt::format("{}", fmt::join(it.producers.tools, ", ")));
  lines.list("requires", it.requires_, "nothing");
  lines.list("provides", it.provides, "nothing");
  std::vector<std::string> lacks;
  for (const auto& lack : it.lacks) {
    lacks.push_back(lack.interface + (lack.item.empty() ? "" : ", " + lack.item) +
                    (lack.remedy.empty() ? "" : " (turn it on with " + lack.remedy + ")"));
  }
  for (const auto& feature : it.unsupported)
    lacks.push_back(fmt::format("{} (not in this release)", feature));
  if (it.obstacle)
    lacks.push_back(fmt::format("{}: {}", code_text(it.obstacle->code()), it.obstacle->message()));
  lines.list("lacks", lacks, "nothing: this wisp can run it");

  Table table({{"CORE MODULE"},
               {"SIZE", Table::Align::right},
               {"IMPORTS", Table::Align::right},
               {"EXPORTS", Table::Align::right},
               {"MEMORY", Table::Align::right}});
  for (const auto& module : it.modules)
    table.add({module.name.empty() ? "(no name)" : printable(module.name), format_size(module.bytes),
               fmt::format("{}", module.imports), fmt::format("{}", module.exports),
               module.memory_bytes == 0 ? "–" : format_memory(module.memory_bytes)});

  std::string out =
      paint(colour, Style::strong, printable(it.file)) + "  " + summarize(it) + "\n" + lines.text();
  if (!it.modules.empty()) out += "\n" + table.render(colour, 2);
  if (!it.wit.empty()) out += "\n" + printable(it.wit) + (it.wit.ends_with('\n') ? "" : "\n");
  return out;
}

boost::json::object to_json(const Inspection& it) {
  boost::json::array modules, lacks;
  for (const auto& module : it.modules)
    modules.push_back({{"name", json_text(module.name)},
                       {"bytes", module.bytes},
                       {"imports", module.imports},
                       {"exports", module.exports},
                       {"memory_bytes", module.memory_bytes}});
  for (const auto& lack : it.lacks)
    lacks.push_back({{"interface", json_text(lack.interface)},
                     {"item", json_text(lack.item)},
                     {"switch", json_text(lack.remedy)}});
  boost::json::object memory{{"start_bytes", it.memory_at_start}, {"most_bytes", nullptr}};
  if (it.memory_most) memory["most_bytes"] = *it.memory_most;
  boost::json::value obstacle = nullptr;
  if (it.obstacle)
    obstacle = {{"code", code_text(it.obstacle->code())}, {"message", json_text(it.obstacle->message())}};
  return {{"file", json_text(it.file)},
          {"bytes", it.bytes},
          {"purpose", text_of(it.purpose)},
          {"world", json_text(it.world)},
          {"language", json_text(it.language)},
          {"producers", json_list(it.producers.tools)},
          {"core_modules", std::move(modules)},
          {"memory", std::move(memory)},
          {"imports", json_list(it.requires_)},
          {"exports", json_list(it.provides)},
          {"lacks", std::move(lacks)},
          {"unsupported", json_list(it.unsupported)},
          {"obstacle", std::move(obstacle)},
          {"runnable", it.runnable()},
          {"wit", json_text(it.wit)}};
}

}  // namespace wisp::cli
