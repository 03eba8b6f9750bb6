#include "process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace wisp::e2e {
namespace {

/// Generous: sanitizers and loaded machines are slow. Nothing here measures time.
constexpr std::chrono::seconds kPatience{60};

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = ends[0];
    write = ends[1];
  }
};

/// The two ends of a pseudo terminal, in the form of a pipe.
Pipe open_terminal() {
  Pipe ends;
  ::close(ends.read);
  ::close(ends.write);
  ends.read = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends.read < 0 || ::grantpt(ends.read) != 0 || ::unlockpt(ends.read) != 0) std::abort();
  ends.write = ::open(::ptsname(ends.read), O_RDWR | O_NOCTTY | O_CLOEXEC);
  return ends;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const Setting& setting) {
  std::vector<std::string> words{WISP_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "TERM=xterm", "WISP_CACHE=" WISP_E2E_CACHE};
  for (const char* passed : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(passed)) environment.push_back(std::string(passed) + "=" + value);
  }
  for (const auto& [name, value] : setting.environment) {
    std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
  }
  std::filesystem::create_directories(WISP_E2E_CACHE);

  const Pipe input, output;
  const Pipe errors = setting.errors == Attach::terminal ? open_terminal() : Pipe();
  auto argv = pointers(words), envp = pointers(environment);
  child_ = ::fork();
  if (child_ == 0) {
    ::dup2(input.read, STDIN_FILENO);
    ::dup2(output.write, STDOUT_FILENO);
    ::dup2(errors.write, STDERR_FILENO);
    ::execve(WISP_BINARY, argv.data(), envp.data());
    ::_exit(127);
  }
  for (const int end : {input.read, output.write, errors.write}) ::close(end);
  input_ = input.write;
  writer_ = std::thread([descriptor = ::dup(input_), text = setting.input] {
    std::signal(SIGPIPE, SIG_IGN);
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto written = ::write(descriptor, rest.data(), rest.size());
      if (written <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    ::close(descriptor);
  });
  if (!setting.keep_input_open) close_input();
  out_reader_ = std::thread([=, stream = out_] { collect(output.read, stream); });
  err_reader_ = std::thread([=, stream = err_] { collect(errors.read, stream); });
}

Process::~Process() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    static_cast<void>(wait());
  }
  close_input();
  for (auto* thread : {&writer_, &out_reader_, &err_reader_}) {
    if (thread->joinable()) thread->join();
  }
}

void Process::collect(int descriptor, const std::shared_ptr<Stream>& stream) {
  char buffer[65'536];
  while (true) {
    const auto got = ::read(descriptor, buffer, sizeof buffer);
    const std::scoped_lock lock(stream->mutex);
    // A terminal whose other end is gone answers with an error.
    if (got <= 0) stream->ended = true;
    if (got > 0) stream->text.append(buffer, static_cast<std::size_t>(got));
    stream->changed.notify_all();
    if (got <= 0) break;
  }
  ::close(descriptor);
}

template <class Condition>
bool Process::wait_for(Stream& stream, Condition condition) {
  std::unique_lock lock(stream.mutex);
  stream.changed.wait_for(lock, kPatience, [&] { return condition(stream.text) || stream.ended; });
  return condition(stream.text);
}

std::string Process::error_line(std::size_t index) {
  const auto line = [&](const std::string& text) -> std::pair<bool, std::string> {
    std::size_t begin = 0;
    for (std::size_t at = 0;; ++at) {
      const auto end = text.find('\n', begin);
      if (end == std::string::npos) return {false, text};
      if (at == index) return {true, text.substr(begin, end - begin)};
      begin = end + 1;
    }
  };
  const bool came = wait_for(*err_, [&](const std::string& text) { return line(text).first; });
  const std::scoped_lock lock(err_->mutex);
  EXPECT_TRUE(came) << "stderr has no line " << index << ": " << err_->text;
  return line(err_->text).second;
}

bool Process::wait_for_output(std::string_view text) {
  return wait_for(*out_, [&](const std::string& have) { return have.find(text) != std::string::npos; });
}

std::string Process::output() {
  const std::scoped_lock lock(out_->mutex);
  return out_->text;
}

void Process::signal(int number) const { ::kill(child_, number); }

void Process::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

Outcome Process::wait() {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  int status = 0;
  while (::waitpid(child_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << "the process does not end";
      ::kill(child_, SIGKILL);
      ::waitpid(child_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  child_ = -1;
  close_input();
  for (auto* thread : {&writer_, &out_reader_, &err_reader_}) {
    if (thread->joinable()) thread->join();
  }
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
          .out = out_->text,
          .err = err_->text};
}

Outcome wisp(const std::vector<std::string>& arguments, const Setting& setting) {
  return Process(arguments, setting).wait();
}

std::string guest(std::string_view name) { return "build/guests/" + std::string(name) + ".wasm"; }

Folder::Folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "wisp-e2e-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::path(std::string_view name) const {
  return name.empty() ? path_.string() : (path_ / name).string();
}

std::string Folder::write(std::string_view name, std::string_view content) const {
  const auto file = path(name);
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace wisp::e2e
