#include "runner.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace wisp::wast {
namespace {

using component::Kind;
using component::Value;

/// A runtime whose binaries are words: "bad" is refused, "unlinkable" and "traps" are not instantiated, all
/// else is, with the functions answer() -> u32 and boom().
class FakeHost final : public WastHost {
 public:
  Result<std::shared_ptr<const Definition>> define(std::vector<std::byte> binary) override {
    std::string word(reinterpret_cast<const char*>(binary.data()), binary.size());
    if (word == "bad") return fail(Errc::invalid, "bad word");
    return std::make_shared<const Word>(std::move(word));
  }

  Result<std::unique_ptr<Instance>> instantiate(const std::shared_ptr<const Definition>& definition,
                                                bool& linked) override {
    const auto& word = static_cast<const Word&>(*definition).word;
    if (word == "unlinkable") return fail(Errc::import_missing, "no host");
    linked = true;
    if (word == "traps") return fail(Errc::trap_unreachable, "unreachable");
    return std::make_unique<Live>(*this);
  }

 private:
  struct Word final : Definition {
    explicit Word(std::string text) : word(std::move(text)) {}
    std::string word;
  };
  struct Live final : Instance {
    explicit Live(FakeHost& host) : owner(host) {}
    const component::FuncType* export_type(std::string_view name) const override {
      if (name == "answer") return &owner.answer_;
      return name == "boom" ? &owner.boom_ : nullptr;
    }
    Result<std::optional<Value>> invoke(std::string_view name, std::span<const Value>) override {
      if (name == "boom") return fail(Errc::trap_unreachable, "unreachable");
      return Value{std::uint32_t{42}};
    }
    FakeHost& owner;
  };

  component::TypeArena arena_;
  component::FuncType answer_{.result = arena_.primitive(Kind::u32)};
  component::FuncType boom_{};
};

class WastRunner : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("wisp-wast-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    for (const auto* word : {"good", "bad", "unlinkable", "traps"}) std::ofstream(folder / word) << word;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// The failure of the last of these commands, as JSON without line and brackets; empty if it passed.
  std::string run(const std::vector<std::string>& commands, Wording wording = Wording::theirs) {
    std::string text = R"({"source_filename":"x.wast","commands":[)";
    for (std::size_t index = 0; index < commands.size(); ++index)
      text += (index == 0 ? "{\"line\":" : ",{\"line\":") + std::to_string(index + 1) + "," +
              commands[index] + "}";
    std::ofstream(folder / "x.json") << text << "]}";
    const auto script = read_script(folder / "x.json");
    if (!script) return script.error().message();
    FakeHost host;
    const auto outcomes = Runner(host, wording).run(*script);
    EXPECT_EQ(outcomes.size(), commands.size());
    EXPECT_EQ(outcomes.back().line, commands.size());
    return outcomes.back().failure;
  }

  std::filesystem::path folder;
};

constexpr auto kModule = R"("type":"module","name":"A","filename":"good","module_type":"binary")";

std::string module_of(std::string_view type, std::string_view file, std::string_view text = {}) {
  return fmt::format(R"("type":"{}","filename":"{}","module_type":"binary","text":"{}")", type, file, text);
}
std::string invoke(std::string_view type, std::string_view field, std::string_view rest = {},
                   std::string_view args = {}) {
  return fmt::format(R"("type":"{}","action":{{"type":"invoke","field":"{}","args":[{}]}}{})", type, field,
                     args, rest);
}

TEST_F(WastRunner, TellsPassedFromFailed) {
  const auto u32 = [](int value) {
    return fmt::format(R"(,"expected":[{{"type":"u32","value":"{}"}}])", value);
  };
  const struct {
    std::string command;
    const char* failure;
  } rows[] = {
      {module_of("module", "good"), ""},
      {module_of("module", "bad"), "refused: invalid: bad word"},
      {module_of("module", "unlinkable"), "not instantiated: import_missing: no host"},
      {module_of("module_definition", "unlinkable"), ""},
      {module_of("assert_invalid", "bad", "whatever"), ""},
      {module_of("assert_malformed", "bad", "whatever"), ""},
      {module_of("assert_invalid", "good", "no good"), "accepted, although `no good`"},
      {module_of("assert_unlinkable", "unlinkable", "x"), ""},
      {module_of("assert_unlinkable", "good", "x"), "instantiated, although `x`"},
      {module_of("assert_unlinkable", "traps", "x"), "linked, although `x`: trap_unreachable: unreachable"},
      {module_of("assert_uninstantiable", "traps", "unreachable"), ""},
      {module_of("assert_uninstantiable", "traps", "deadlock detected"),
       "the trap `deadlock detected` expected, got trap_unreachable: unreachable"},
      {module_of("assert_uninstantiable", "unlinkable", "x"), "not linked: import_missing: no host"},
      {R"("type":"assert_malformed","filename":"missing.wat","module_type":"text","text":"x")", ""},
      {R"("type":"module_instance","instance":"B","module":"A")", ""},
      {R"("type":"module_instance","instance":"B","module":"C")", "no definition is called `C`"},
      {R"("type":"wait","thread":"t")", "the command wait is not supported"},
      {invoke("assert_return", "answer", u32(42)), ""},
      {invoke("assert_return", "answer", u32(43)), "expected 43, got 42"},
      {invoke("assert_return", "answer", R"(,"expected":[])"),
       "0 results expected of a function of another type"},
      {invoke("assert_return", "boom", R"(,"expected":[])"), "`boom` failed: trap_unreachable: unreachable"},
      {invoke("assert_return", "nobody", u32(1)), "there is no function `nobody`"},
      {invoke("assert_return", "answer", u32(42), R"({"type":"u32","value":"1"})"),
       "1 arguments for 0 parameters"},
      {invoke("action", "answer"), ""},
      {invoke("action", "boom"), "`boom` failed: trap_unreachable: unreachable"},
      {invoke("assert_trap", "boom", R"(,"text":"unreachable")"), ""},
      {invoke("assert_trap", "boom", R"(,"text":"cannot leave component instance")"),
       "the trap `cannot leave component instance` expected, got trap_unreachable: unreachable"},
      {invoke("assert_trap", "answer", R"(,"text":"unreachable")"), "a trap expected (unreachable), got 42"},
  };
  for (const auto& row : rows) EXPECT_EQ(run({kModule, row.command}), row.failure) << row.command;
}

TEST_F(WastRunner, ComparesOurWordsWithOurs) {
  const struct {
    std::string command;
    const char* failure;
  } rows[] = {
      {module_of("assert_invalid", "bad", "bad word"), ""},
      {module_of("assert_invalid", "bad", "whatever"), "`whatever` expected, got invalid: bad word"},
      {module_of("assert_unlinkable", "unlinkable", "no host"), ""},
      {module_of("assert_unlinkable", "unlinkable", "x"), "`x` expected, got import_missing: no host"},
  };
  for (const auto& row : rows) EXPECT_EQ(run({row.command}, Wording::ours), row.failure) << row.command;
}

TEST_F(WastRunner, HasNoInstanceWhereNoneWasMade) {
  EXPECT_EQ(run({invoke("action", "answer")}), "there is no instance ``");
  EXPECT_EQ(run({kModule, module_of("module", "traps"), invoke("action", "answer")}),
            "there is no instance ``");
}

TEST_F(WastRunner, RefusesWhatIsNoScript) {
  std::ofstream(folder / "y.json") << "[1";
  EXPECT_EQ(read_script(folder / "y.json").error().code(), Errc::malformed);
  EXPECT_EQ(read_script(folder / "z.json").error().code(), Errc::file_unreadable);
}

}  // namespace
}  // namespace wisp::wast
