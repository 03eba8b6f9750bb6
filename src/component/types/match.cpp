#include "component/types/type.hpp"

#include <algorithm>

namespace wisp::component {

bool TypeMatcher::equal(const Type* mine, const Type* theirs) {
  if (mine == nullptr || theirs == nullptr) return mine == theirs;
  if (mine == theirs && !mine->contains_handle) return true;
  // Cheap facts first: most mismatches end here.
  if (mine->kind != theirs->kind || mine->length != theirs->length || mine->depth != theirs->depth ||
      mine->members.size() != theirs->members.size() || mine->flat_count != theirs->flat_count)
    return false;
  if (mine->kind == Kind::own || mine->kind == Kind::borrow) return same(mine->resource, theirs->resource);
  if (mine->depth == 1) return equal_parts(*mine, *theirs);
  // Without the memory, types that share parts take time exponential in their depth.
  if (known_.contains({mine, theirs})) return true;
  if (!equal_parts(*mine, *theirs)) return false;
  known_.emplace(mine, theirs);
  return true;
}

bool TypeMatcher::equal_parts(const Type& mine, const Type& theirs) {
  return std::ranges::equal(
             mine.members, theirs.members,
             [&](const Member& a, const Member& b) { return a.name == b.name && equal(a.type, b.type); }) &&
         equal(mine.element, theirs.element) && equal(mine.second, theirs.second);
}

bool TypeMatcher::equal(const FuncType& mine, const FuncType& theirs) {
  return mine.async == theirs.async &&
         std::ranges::equal(
             mine.params, theirs.params,
             [&](const Param& a, const Param& b) { return a.name == b.name && equal(a.type, b.type); }) &&
         equal(mine.result, theirs.result);
}

}  // namespace wisp::component
