#include "green.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* library_name = "libkettle_green.so";

// Whether the loader of shared libraries takes part in starting this file.
bool has_interpreter(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Elf64_Ehdr head{};
  if (!in.read(reinterpret_cast<char*>(&head), sizeof head)) return false;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
    return false;
  in.seekg(static_cast<std::streamoff>(head.e_phoff));
  for (unsigned i = 0; i < head.e_phnum; i++) {
    Elf64_Phdr part{};
    if (!in.read(reinterpret_cast<char*>(&part), sizeof part)) return false;
    if (part.p_type == PT_INTERP) return true;
  }
  return false;
}

// The program that runs a script: the first word after "#!".
std::string interpreter_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  if (!std::getline(in, line) || !line.starts_with("#!")) return {};
  auto from = line.find_first_not_of(" \t", 2);
  if (from == line.npos) return {};
  return line.substr(from, line.find_first_of(" \t", from) - from);
}

void say(const std::string& text) { fmt::print(stderr, "kettle green: {}\n", text); }

void preload(const std::string& library) {
  const char* before = std::getenv("LD_PRELOAD");
  std::string all = before && *before ? library + ":" + before : library;
  ::setenv("LD_PRELOAD", all.c_str(), 1);
}

}  // namespace

std::string green_library() {
  std::error_code failed;
  fs::path here = fs::read_symlink("/proc/self/exe", failed).parent_path();
  if (failed) return {};
  for (const char* folder : {"../lib", "../lib/x86_64-linux-gnu", "../lib64", "."})
    if (fs::path file = here / folder / library_name; fs::exists(file, failed))
      return fs::canonical(file, failed).string();
  return {};
}

std::string find_program(const std::string& name) {
  auto runnable = [](const std::string& file) {
    struct stat s{};
    return ::stat(file.c_str(), &s) == 0 && S_ISREG(s.st_mode) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != name.npos) return ::access(name.c_str(), F_OK) == 0 ? name : std::string();
  const char* path = std::getenv("PATH");
  std::string folders = path ? path : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t from = 0; from <= folders.size();) {
    auto end = std::min(folders.find(':', from), folders.size());
    std::string folder = folders.substr(from, end - from);
    std::string file = (folder.empty() ? "." : folder) + "/" + name;
    if (runnable(file)) return file;
    from = end + 1;
  }
  return {};
}

std::string green_obstacle(const std::string& path) {
  std::string file = path;
  for (int depth = 0; depth < 4; depth++) {
    std::string next = interpreter_of(file);
    if (next.empty()) break;
    file = next;
  }
  struct stat s{};
  if (::stat(file.c_str(), &s) != 0) return {};  // exec will say what is wrong
  if (s.st_mode & (S_ISUID | S_ISGID))
    return fmt::format("{} runs with the rights of another: nothing may be preloaded", file);
  if (!has_interpreter(file))
    return fmt::format("{} is not a 64-bit program with shared libraries: nothing can be preloaded",
                       file);
  return {};
}

int run_green(const green_options& options) {
  const auto& command = options.command;
  std::string file = find_program(command[0]);
  if (file.empty()) {
    fmt::print(stderr, "kettle: green: {}: there is no such program\n", command[0]);
    return 127;
  }
  std::string library = green_library();
  std::string obstacle = green_obstacle(file);
  if (library.empty())
    say("this kettle was built without libkettle_green.so; the program runs plainly");
  else if (!obstacle.empty())
    say(obstacle + "; it runs plainly");
  else
    preload(library);

  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(file.c_str(), arguments.data());
  fmt::print(stderr, "kettle: green: {}: {}\n", file, std::strerror(errno));
  return 126;
}

}  // namespace kettle::app
