// A command with the C++ standard library's streams and containers: counts the words of standard input.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

int main() {
  std::map<std::string, std::size_t> counts;
  for (std::string word; std::cin >> word;) ++counts[word];

  std::vector<std::pair<std::string, std::size_t>> ordered{counts.begin(), counts.end()};
  std::ranges::stable_sort(ordered, [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [word, count] : ordered) std::cout << count << ' ' << word << '\n';
  std::cerr << ordered.size() << " different words\n";
  return std::cout.flush() ? 0 : 1;
}
