#pragma once

#include "host.hpp"
#include "script.hpp"

#include <map>
#include <string>
#include <vector>

namespace wisp::wast {

/// How one command ended: passed, or failed for a reason.
struct Outcome {
  std::uint32_t line = 0;
  std::string_view command;
  std::string failure;  ///< empty: passed
};

/// Whose words a script expects where a component is refused or cannot be linked. Other validators say the
/// same in other words: then only that it is refused counts.
enum class Wording : std::uint8_t { theirs, ours };

/// Runs the commands of one script one after the other. An instance that a failed command did not make is
/// missing for the following ones, which fail by that.
class Runner {
 public:
  Runner(WastHost& host, Wording wording) : host_(host), wording_(wording) {}

  [[nodiscard]] std::vector<Outcome> run(const Script& script);

 private:
  using Definitions = std::map<std::string, std::shared_ptr<const Definition>, std::less<>>;
  using Instances = std::map<std::string, std::shared_ptr<Instance>, std::less<>>;

  [[nodiscard]] Result<> run(const Command& command);
  [[nodiscard]] Result<> define(const Command& command);
  [[nodiscard]] Result<> instantiate(const std::string& name,
                                     const std::shared_ptr<const Definition>& definition);
  [[nodiscard]] Result<> instantiate_named(const Command& command);
  [[nodiscard]] Result<std::string> call(const Command& command,
                                         const std::vector<boost::json::value>* expected);
  [[nodiscard]] Result<> assert_trap(const Command& command);
  [[nodiscard]] Result<> check_wording(const Command& command, const Error& error) const;
  [[nodiscard]] Result<> assert_refused(const Command& command);
  [[nodiscard]] Result<> assert_not_instantiated(const Command& command);

  WastHost& host_;
  Wording wording_;
  Definitions definitions_;  ///< "" is the last one
  Instances instances_;      ///< "" is the current one
};

}  // namespace wisp::wast
