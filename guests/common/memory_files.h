// A filesystem in memory for guests that stand before wasi:filesystem. Knows no WASI: a node is found by its
// whole path below the root, which is "" itself; a path that leaves a directory upwards is refused. Functions
// return 0 or the number of an error-code of WASI 0.2 plus one.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  kBadDescriptor = 4,
  kExist = 8,
  kInvalid = 13,
  kIo = 14,
  kIsDirectory = 15,
  kNoEntry = 21,
  kNoSpace = 24,
  kNotDirectory = 25,
  kNotEmpty = 26,
  kUnsupported = 28,
  kNotPermitted = 32,
};

enum { kFile, kFolder, kLink };

/// A file, folder or symbolic link; stays when all its names are gone, for descriptors that have it.
typedef struct {
  int kind;
  char* path;      // of a folder
  uint8_t* bytes;  // of a link: where to
  size_t size;
  uint64_t seconds;  // of the last change, as it was set
  unsigned names;
} node_t;

/// A name of one, by its whole path.
typedef struct {
  char* path;  // null: free
  node_t* node;
} entry_name_t;

enum { kNames = 64, kMostBytes = 1 << 24 };
static entry_name_t names[kNames];

static char* text_of(const void* bytes, size_t length) {
  char* const out = malloc(length + 1);
  memcpy(out, bytes, length);
  out[length] = 0;
  return out;
}

static entry_name_t* find_name(const char* path) {
  for (size_t i = 0; i < kNames; ++i)
    if (names[i].path && strcmp(names[i].path, path) == 0) return &names[i];
  return NULL;
}

static node_t* find(const char* path) {
  const entry_name_t* const name = find_name(path);
  return name ? name->node : NULL;
}

static bool give_name(const char* path, node_t* node) {
  for (size_t i = 0; i < kNames; ++i) {
    if (names[i].path) continue;
    names[i] = (entry_name_t){strdup(path), node};
    ++node->names;
    return true;
  }
  return false;
}

static void take_name(entry_name_t* name) {
  --name->node->names;
  free(name->path);
  *name = (entry_name_t){0};
}

static node_t* make(const char* path, int kind) {
  node_t* const node = malloc(sizeof *node);
  *node = (node_t){.kind = kind, .path = kind == kFolder ? strdup(path) : NULL, .seconds = 1000};
  return give_name(path, node) ? node : NULL;
}

/// The whole path of `path` below `from`; null where that is outside.
static char* whole(const node_t* from, const void* path, size_t length) {
  char* const out = malloc(strlen(from->path) + length + 2);
  char* const given = text_of(path, length);
  strcpy(out, from->path);
  bool inside = length > 0 && given[0] != '/';
  for (char* part = strtok(given, "/"); inside && part; part = strtok(NULL, "/")) {
    if (strcmp(part, ".") == 0) continue;
    inside = strcmp(part, "..") != 0;
    if (*out) strcat(out, "/");
    strcat(out, part);
  }
  free(given);
  if (inside) return out;
  free(out);
  return NULL;
}

/// A node and what is wrong with its place.
typedef struct {
  char* path;
  node_t* node;  // null: there is none
  int error;
} place_t;

static place_t look(const node_t* from, const void* path, size_t length) {
  place_t out = {0};
  if (from->kind != kFolder) return out.error = kNotDirectory, out;
  out.path = whole(from, path, length);
  if (!out.path) return out.error = kNotPermitted, out;
  out.node = find(out.path);
  char* const slash = strrchr(out.path, '/');
  if (out.node || !slash) return out;
  *slash = 0;
  const node_t* const parent = find(out.path);
  *slash = '/';
  if (!parent)
    out.error = kNoEntry;
  else if (parent->kind != kFolder)
    out.error = kNotDirectory;
  return out;
}

static int lookup(const node_t* from, const void* path, size_t length, node_t** node) {
  const place_t at = look(from, path, length);
  free(at.path);
  *node = at.node;
  return at.error ? at.error : at.node ? 0 : kNoEntry;
}

static int resize(node_t* node, uint64_t size) {
  if (node->kind == kFolder) return kIsDirectory;
  if (size > kMostBytes) return kNoSpace;
  node->bytes = realloc(node->bytes, size ? size : 1);
  if (size > node->size) memset(node->bytes + node->size, 0, size - node->size);
  node->size = size;
  return 0;
}

static int put(node_t* node, const void* bytes, size_t length, uint64_t offset) {
  if (offset > kMostBytes || length > kMostBytes) return kNoSpace;
  if (offset + length > node->size) {
    const int error = resize(node, offset + length);
    if (error) return error;
  }
  memcpy(node->bytes + offset, bytes, length);
  return 0;
}

enum { kReads = 1, kWrites = 2 };  // of descriptor-flags

/// What keeps an operation on the contents at `offset` from being done.
static int check(const node_t* node, unsigned flags, unsigned needed, uint64_t offset) {
  if (node->kind == kFolder) return needed == kReads ? kIsDirectory : kBadDescriptor;
  if (!(flags & needed)) return kBadDescriptor;
  return offset > INT64_MAX ? kInvalid : 0;
}

/// How many of `most` bytes there are at `offset`.
static size_t there(const node_t* node, uint64_t offset, uint64_t most) {
  if (offset >= node->size) return 0;
  return most < node->size - offset ? most : node->size - offset;
}

static int create(const node_t* from, const void* path, size_t length, int kind, node_t** made) {
  const place_t at = look(from, path, length);
  int error = at.error ? at.error : at.node ? kExist : 0;
  if (!error && !(*made = make(at.path, kind))) error = kNoSpace;
  free(at.path);
  return error;
}

enum { kCreates = 1, kDirectoryOnly = 2, kExclusive = 4, kTruncates = 8 };

static int open_node(const node_t* from, const void* path, size_t length, unsigned how, node_t** node) {
  int error = lookup(from, path, length, node);
  if (error == kNoEntry && (how & kCreates)) return create(from, path, length, kFile, node);
  if (error) return error;
  if ((how & kCreates) && (how & kExclusive)) return kExist;
  if ((how & kDirectoryOnly) && (*node)->kind != kFolder) return kNotDirectory;
  return how & kTruncates ? resize(*node, 0) : 0;
}

static bool is_child(const char* path, const char* folder) {
  if (!path || !*path) return false;
  const size_t length = strlen(folder);
  if (length == 0) return !strchr(path, '/');
  return strncmp(path, folder, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

static const char* last_of(const char* path) {
  const char* const slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/// The name in `folder` from number `*at` on, which is set behind it.
static entry_name_t* next_child(const char* folder, size_t* at) {
  while (*at < kNames) {
    entry_name_t* const name = &names[(*at)++];
    if (is_child(name->path, folder)) return name;
  }
  return NULL;
}

static int remove_node(const node_t* from, const void* path, size_t length, bool folder) {
  const place_t at = look(from, path, length);
  entry_name_t* const name = at.node ? find_name(at.path) : NULL;
  free(at.path);
  if (at.error) return at.error;
  if (!name) return kNoEntry;
  if (folder != (name->node->kind == kFolder)) return folder ? kNotDirectory : kIsDirectory;
  size_t child = 0;
  if (folder && next_child(name->path, &child)) return kNotEmpty;
  take_name(name);
  return 0;
}

/// Another name, beside the one that it has or instead of it. Not of folders.
static int name_again(const node_t* from, const void* path, size_t length, const node_t* to,
                      const void* new_path, size_t new_length, bool instead) {
  const place_t old = look(from, path, length);
  const place_t at = look(to, new_path, new_length);
  int error = old.error ? old.error : at.error ? at.error : !old.node ? kNoEntry : 0;
  if (!error && old.node->kind == kFolder) error = instead ? kUnsupported : kNotPermitted;
  if (!error && at.node && !instead) error = kExist;
  if (!error && at.node != old.node) {
    if (at.node) take_name(find_name(at.path));
    if (!give_name(at.path, old.node))
      error = kNoSpace;
    else if (instead)
      take_name(find_name(old.path));
  }
  free(old.path);
  free(at.path);
  return error;
}

static void fill_file(const char* path, const void* bytes, size_t length) {
  put(make(path, kFile), bytes, length, 0);
}

/// What there is from the start: a ("hello"), hello.txt, big (300,000 bytes: its line numbers),
/// inner/deep.txt.
static node_t* root_node(void) {
  node_t* root = find("");
  if (root) return root;
  root = make("", kFolder);
  fill_file("hello.txt", "hello from memory\n", 18);
  make("inner", kFolder);
  fill_file("inner/deep.txt", "deep\n", 5);
  fill_file("a", "hello", 5);
  char* const big = malloc(300000);
  for (unsigned line = 0; line < 30000; ++line) {
    unsigned number = line;
    for (int digit = 8; digit >= 0; --digit, number /= 10) big[line * 10 + digit] = (char)('0' + number % 10);
    big[line * 10 + 9] = '\n';
  }
  fill_file("big", big, 300000);
  free(big);
  return root;
}
