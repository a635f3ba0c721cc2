// The load of ../net/echo.hpp on a server that is any command; the first line of its output is its
// port.
//
//   green_drive cpu CONNECTIONS BYTES COMMAND...    messages per second of the server's CPU time
//   green_drive rate CONNECTIONS BYTES COMMAND...   messages per second, and memory a connection
#include "../net/echo.hpp"

#include <cstring>

namespace {

// What of the system's memory programs, their kernel stacks, page tables and sockets take, in KiB.
double memory_taken() {
  double sum = 0;
  std::FILE* f = std::fopen("/proc/meminfo", "r");
  if (!f) throw std::runtime_error("no /proc/meminfo");
  char name[64];
  double kib;
  while (std::fscanf(f, "%63s %lf%*[^\n]", name, &kib) == 2)
    for (const char* counted : {"AnonPages:", "KernelStack:", "PageTables:", "SUnreclaim:"})
      if (std::strcmp(name, counted) == 0) sum += kib;
  std::fclose(f);
  return sum;
}

template <class Serve> void measure_rate(int connections, std::size_t bytes, Serve serve) {
  bench::allow_descriptors(connections);
  const double before = memory_taken();
  bench::server measured(serve, false);
  bench::load clients(measured.port(), connections, bytes);
  clients.run(1.0);
  const double begin = bench::seconds_now();
  const long messages = clients.run(2.0);
  bench::report("rate", double(messages) / (bench::seconds_now() - begin) / 1000, "k/s");
  bench::report("memory", (memory_taken() - before) / connections, "KiB");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5)
    return std::fprintf(stderr, "usage: %s cpu|rate CONNECTIONS BYTES COMMAND...\n", argv[0]), 2;
  auto serve = [&](const bench::announcement& where) {
    dup2(where.end(), STDOUT_FILENO);
    execvp(argv[4], argv + 4);
  };
  const int connections = std::atoi(argv[2]);
  const std::size_t bytes = std::size_t(std::atol(argv[3]));
  return bench::told_errors([&] {
    if (std::strcmp(argv[1], "cpu") == 0)
      bench::measure_per_cpu_second(connections, bytes, serve);
    else
      measure_rate(connections, bytes, serve);
  });
}
