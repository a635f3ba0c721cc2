#include <kettle/kettle.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
using namespace kettle;

struct count { std::string file; long words = 0; };

count count_words(std::string file) {              // an ordinary blocking function
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot open " + file);
  count c;
  c.file = file;
  for (std::string w; in >> w;) {
    c.words++;
    if (c.words % 4096 == 0) check_cancelled();    // Ctrl-C and deadlines reach computing code here
  }
  return c;
}

task<> count_tree(nursery& n, std::string root) {
  std::vector<std::string> files;
  for (auto& f : std::filesystem::directory_iterator(root))
    if (f.is_regular_file()) files.push_back(f.path());

  long total = 0;
  auto counts = n.map(on_thread, count_words, files);  // lazy: a bounded window ahead
  while (auto c = co_await counts.next()) {        // an error comes at its file's turn
    std::printf("%8ld %s\n", c->words, c->file.c_str());
    total += c->words;
  }
  std::printf("%8ld total\n", total);

  std::vector<count> again = co_await map(on_thread, count_words, files);  // or all of it at once
  std::printf("%zu files\n", again.size());
}

int main(int argc, char** argv) { run(count_tree, argc > 1 ? argv[1] : "."); }
