#include <kettle/kettle.hpp>
#include <csignal>
#include <cstdio>
using namespace kettle;

std::string thumbnail(std::string file) {    // a C library that dies on some inputs
  if (file == "broken.jpg") std::raise(SIGKILL);
  if (file == "text.txt") throw std::runtime_error("not an image");
  return file + ".thumb";
}

int main() {                                 // no loop: a plain program
  std::vector<std::string> files = {"a.jpg", "broken.jpg", "b.jpg", "text.txt", "c.jpg"};
  process_pool pool({.workers = 2});
  std::vector<std::string> again;

  // every file's outcome, in order, none lost
  for (auto& made : pool.map(as_outcome, thumbnail, files)) {
    if (made)
      std::printf("%s\n", made->c_str());
    else if (made.error_as<worker_died>())   // this file's worker, and nothing else
      again.push_back(files[made.index]);
    else
      std::printf("%s: %s\n", files[made.index].c_str(), made.what().c_str());
  }
  for (auto& file : again) {                 // once more, alone
    auto made = as_outcome(pool(thumbnail, file)).get();
    std::printf("%s: %s\n", file.c_str(), made ? "second try" : made.what().c_str());
  }
}
