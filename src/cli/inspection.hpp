#pragma once

#include "base/result.hpp"
#include "cli/producers.hpp"
#include "cli/terminal.hpp"
#include "component/link/component.hpp"
#include "component/link/host.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wisp::cli {

/// What a component is made for, by what it exports.
enum class Purpose : std::uint8_t { command, http, library };

/// A core module inside a component.
struct ModuleFacts {
  std::string name;  ///< of its name section; may be empty
  std::uint64_t bytes = 0;
  std::size_t imports = 0, exports = 0;
  std::uint64_t memory_bytes = 0;  ///< its own memories at start
};

/// Something the component imports that is not provided.
struct Lack {
  std::string interface;  ///< or the name of a function that the world imports
  std::string item;       ///< "function get"; empty for a whole interface
  std::string remedy;     ///< the switch that would provide it; empty if there is none
};

/// What `wisp inspect` says about a component.
struct Inspection {
  std::string file;
  std::uint64_t bytes = 0;
  Purpose purpose = Purpose::library;
  std::string world;     ///< "wasi:http 0.2"; empty for a library
  std::string language;  ///< as the producers claim; may be empty
  Producers producers;
  std::vector<ModuleFacts> modules;          ///< nested ones too, in order of appearance
  std::uint64_t memory_at_start = 0;         ///< all linear memories of one instance, bytes
  std::optional<std::uint64_t> memory_most;  ///< what they may grow to; none: no bound
  std::vector<std::string> requires_;        ///< imported interfaces and functions
  std::vector<std::string> provides;         ///< exported ones
  std::vector<Lack> lacks;
  std::vector<std::string> unsupported;  ///< features that this release does not run
  std::optional<Error>
      obstacle;  ///< why it cannot be planned at all; then there are no imports and exports here
  std::string wit;

  [[nodiscard]] bool runnable() const { return lacks.empty() && unsupported.empty() && !obstacle; }
};

/// Looks at a decoded component; `host` is what this wisp provides.
[[nodiscard]] Inspection inspect(std::string file, const component::Component& component,
                                 const component::HostLinker& host);

/// "wasi:http 0.2, C++, 96 kB, 3 core modules".
[[nodiscard]] std::string summarize(const Inspection& inspection);

[[nodiscard]] std::string render(const Inspection& inspection, Colour colour);

/// The keys are listed in docs/cli.md.
[[nodiscard]] boost::json::object to_json(const Inspection& inspection);

}  // namespace wisp::cli
