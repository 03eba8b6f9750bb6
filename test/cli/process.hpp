#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace wisp::e2e {

/// How a process ended.
struct Outcome {
  int status;  ///< exit status, or minus the signal that killed it
  std::string out, err;
};

/// What a stream of the process is connected to.
enum class Attach { pipe, terminal };

struct Setting {
  std::string input;                                             ///< of stdin, then its end
  std::vector<std::pair<std::string, std::string>> environment;  ///< beside a small clean one
  Attach errors = Attach::pipe;
  bool keep_input_open = false;
};

/// build/.../wisp with arguments, as a child. Killed when it is still alive at the end of this object.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const Setting& setting = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The line number `index` of stderr, waited for; a failure of the test if it does not come.
  [[nodiscard]] std::string error_line(std::size_t index = 0);
  /// Waits until stdout holds `text`.
  [[nodiscard]] bool wait_for_output(std::string_view text);
  [[nodiscard]] std::string output();

  [[nodiscard]] int id() const { return child_; }
  void signal(int number) const;
  void close_input();

  /// Waits for the end; a failure of the test, and SIGKILL, if it does not come.
  [[nodiscard]] Outcome wait();

 private:
  struct Stream {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
    bool ended = false;
  };
  static void collect(int descriptor, const std::shared_ptr<Stream>& stream);
  template <class Condition>
  static bool wait_for(Stream& stream, Condition condition);

  pid_t child_ = -1;
  int input_ = -1;
  std::shared_ptr<Stream> out_ = std::make_shared<Stream>(), err_ = std::make_shared<Stream>();
  std::thread out_reader_, err_reader_, writer_;
};

/// Runs it to its end.
[[nodiscard]] Outcome wisp(const std::vector<std::string>& arguments, const Setting& setting = {});

/// build/guests/NAME.wasm
[[nodiscard]] std::string guest(std::string_view name);

/// A folder of the test's own, gone with this object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path(std::string_view name = {}) const;
  /// Makes a file in it; its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace wisp::e2e
