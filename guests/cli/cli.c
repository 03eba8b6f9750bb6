// A command for tests, on plain libc: each subcommand uses one part of WASI through the preview 1 adapter.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int complain(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 1;
}

static int args(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) printf("%s\n", argv[i]);
  return 0;
}

static int env(int argc, char** argv) {
  (void)argc, (void)argv;
  for (char** entry = environ; *entry; ++entry) printf("%s\n", *entry);
  return 0;
}

// Standard input to standard output.
static int cat(int argc, char** argv) {
  (void)argc, (void)argv;
  static char buffer[65536];
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0) return complain("read");
    if (got == 0) return 0;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));
      if (put < 0) return complain("write");
      done += put;
    }
  }
}

static int err(int argc, char** argv) {
  fprintf(stderr, "%s\n", argc > 1 ? argv[1] : "to standard error");
  return 0;
}

// files DIR: creates, writes, reads, renames, lists and removes in a directory that was preopened.
static int files(int argc, char** argv) {
  if (argc != 2) return 2;
  char folder[512], first[600], second[600], buffer[64];
  snprintf(folder, sizeof folder, "%s/made-by-cli", argv[1]);
  snprintf(first, sizeof first, "%s/first.txt", folder);
  snprintf(second, sizeof second, "%s/second.txt", folder);

  if (mkdir(folder, 0777)) return complain("mkdir");
  FILE* file = fopen(first, "w+");
  if (!file) return complain("open for writing");
  if (fputs("one\ntwo\n", file) < 0 || fflush(file)) return complain("write");
  if (fseek(file, 4, SEEK_SET) || !fgets(buffer, sizeof buffer, file)) return complain("seek and read");
  printf("read back %s", buffer);
  if (fclose(file)) return complain("close");
  if ((file = fopen(first, "a")) == NULL || fputs("three\n", file) < 0 || fclose(file))
    return complain("append");
  if (rename(first, second)) return complain("rename");

  struct stat status;
  if (stat(first, &status) == 0 || errno != ENOENT) return complain("stat of the old name");
  if (stat(second, &status)) return complain("stat");
  printf("size %lld\n", (long long)status.st_size);
  if (truncate(second, 3) || stat(second, &status)) return complain("truncate");
  printf("truncated to %lld\n", (long long)status.st_size);

  DIR* dir = opendir(folder);
  if (!dir) return complain("opendir");
  for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] != '.') printf("entry %s\n", entry->d_name);
  }
  closedir(dir);
  if (rmdir(folder) == 0 || errno != ENOTEMPTY) return complain("rmdir of a full folder");
  if (unlink(second)) return complain("unlink");
  if (rmdir(folder)) return complain("rmdir");
  printf("files ok\n");
  return 0;
}

// read PATH: prints a file.
static int read_file(int argc, char** argv) {
  if (argc != 2) return 2;
  FILE* file = fopen(argv[1], "r");
  if (!file) return complain(argv[1]);
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) fwrite(buffer, 1, got, stdout);
  return fclose(file) ? complain("close") : 0;
}

// write PATH TEXT
static int write_file(int argc, char** argv) {
  if (argc != 3) return 2;
  FILE* file = fopen(argv[1], "w");
  if (!file) return complain(argv[1]);
  fputs(argv[2], file);
  return fclose(file) ? complain("close") : 0;
}

static int is_real_name(const struct dirent* entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

// list DIR: prints the names in a folder, sorted.
static int list(int argc, char** argv) {
  if (argc != 2) return 2;
  struct dirent** entries;
  const int count = scandir(argv[1], &entries, is_real_name, alphasort);
  if (count < 0) return complain(argv[1]);
  for (int i = 0; i < count; ++i) printf("%s\n", entries[i]->d_name);
  return 0;
}

// link TARGET PATH: makes a symbolic link.
static int link_file(int argc, char** argv) {
  if (argc != 3) return 2;
  return symlink(argv[1], argv[2]) ? complain("symlink") : 0;
}

static int exit_with(int argc, char** argv) { exit(argc > 1 ? atoi(argv[1]) : 1); }

// Prints the wall clock in seconds and two readings of the monotonic one, which must not go back.
static int clocks(int argc, char** argv) {
  (void)argc, (void)argv;
  struct timespec wall, before, after;
  if (clock_gettime(CLOCK_REALTIME, &wall) || clock_gettime(CLOCK_MONOTONIC, &before) ||
      clock_gettime(CLOCK_MONOTONIC, &after)) {
    return complain("clock_gettime");
  }
  const long long elapsed = (after.tv_sec - before.tv_sec) * 1000000000LL + (after.tv_nsec - before.tv_nsec);
  printf("wall %lld\nmonotonic %s\n", (long long)wall.tv_sec, elapsed < 0 ? "goes back" : "ok");
  return elapsed < 0;
}

// random N: N random bytes in hexadecimal.
static int random_bytes(int argc, char** argv) {
  size_t left = argc > 1 ? (size_t)atol(argv[1]) : 16;
  uint8_t bytes[256];
  while (left) {
    const size_t part = left < sizeof bytes ? left : sizeof bytes;
    if (getentropy(bytes, part)) return complain("getentropy");
    for (size_t i = 0; i < part; ++i) printf("%02x", bytes[i]);
    left -= part;
  }
  printf("\n");
  return 0;
}

static int sleep_milliseconds(int argc, char** argv) {
  const long milliseconds = argc > 1 ? atol(argv[1]) : 100;
  const struct timespec duration = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  if (nanosleep(&duration, NULL)) return complain("nanosleep");
  printf("slept %ld ms\n", milliseconds);
  return 0;
}

static int spin(int argc, char** argv) {
  (void)argc, (void)argv;
  for (volatile unsigned turns = 0;; ++turns) {
  }
}

// alloc [MIB]: takes and touches memory until there is none, or that much; says how much there was.
static int alloc(int argc, char** argv) {
  const unsigned limit = argc > 1 ? (unsigned)atol(argv[1]) : UINT32_MAX;
  unsigned mebibytes = 0;
  for (; mebibytes < limit; ++mebibytes) {
    volatile char* block = malloc(1 << 20);
    if (!block) break;
    for (size_t i = 0; i < 1 << 20; i += 4096) block[i] = 1;
  }
  printf("had %u MiB\n", mebibytes);
  return 0;
}

// The addition after the call keeps this from becoming a loop; no memory is used, so that the engine's stack
// ends first.
__attribute__((noinline)) static uint32_t descend(uint32_t depth) {
  if (depth == 0) return 0;
  uint32_t below = descend(depth - 1);
  __asm__ volatile("" : "+r"(below));
  return below + 1;
}

// recurse [DEPTH]: as deep as asked, without end when nothing is said.
static int recurse(int argc, char** argv) {
  printf("depth %u\n", descend(argc > 1 ? (uint32_t)atol(argv[1]) : UINT32_MAX));
  return 0;
}

static int trap(int argc, char** argv) {
  (void)argc, (void)argv;
  __builtin_trap();
}

// lines N: N numbered lines on standard output.
static int lines(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) : 10;
  for (long i = 0; i < count; ++i) printf("line %ld\n", i);
  return fflush(stdout) ? complain("write") : 0;
}

static const struct {
  const char* name;
  int (*run)(int argc, char** argv);
} kCommands[] = {
    {"args", args},
    {"env", env},
    {"cat", cat},
    {"err", err},
    {"files", files},
    {"read", read_file},
    {"write", write_file},
    {"list", list},
    {"link", link_file},
    {"exit", exit_with},
    {"clock", clocks},
    {"random", random_bytes},
    {"sleep", sleep_milliseconds},
    {"spin", spin},
    {"alloc", alloc},
    {"recurse", recurse},
    {"trap", trap},
    {"lines", lines},
};

int main(int argc, char** argv) {
  for (size_t i = 0; argc > 1 && i < sizeof kCommands / sizeof *kCommands; ++i) {
    if (strcmp(argv[1], kCommands[i].name) == 0) return kCommands[i].run(argc - 1, argv + 1);
  }
  fprintf(stderr, "usage: cli COMMAND [ARGUMENT..]; commands:");
  for (size_t i = 0; i < sizeof kCommands / sizeof *kCommands; ++i) fprintf(stderr, " %s", kCommands[i].name);
  fprintf(stderr, "\n");
  return 2;
}
