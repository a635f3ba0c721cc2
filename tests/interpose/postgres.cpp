// Connections to PostgreSQL by libpq, a thread each; knows nothing of kettle.
//
//   postgres 'host=/dir dbname=postgres' 50 0.2      each asks for pg_sleep(0.2); prints the
//   seconds

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int connections = std::atoi(argv[2]);
  std::atomic<int> wrong{0};
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; i++)
    threads.emplace_back([&, i] {
      PGconn* c = PQconnectdb(argv[1]);
      if (PQstatus(c) != CONNECTION_OK) {
        std::fprintf(stderr, "%s\n", PQerrorMessage(c));
        wrong++;
      } else {
        std::string query = "select " + std::to_string(i) + " from pg_sleep(" + argv[3] + ")";
        PGresult* r = PQexec(c, query.c_str());
        if (PQresultStatus(r) != PGRES_TUPLES_OK || std::atoi(PQgetvalue(r, 0, 0)) != i) wrong++;
        PQclear(r);
      }
      PQfinish(c);
    });
  for (auto& t : threads) t.join();
  std::printf("%f\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return wrong ? 1 : 0;
}
