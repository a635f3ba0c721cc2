// Connections to Redis by hiredis, a thread each; knows nothing of kettle.
//
//   redis /dir/socket 50 0.5      each waits so long for an empty list; prints the seconds

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <hiredis/hiredis.h>

namespace {

// Sets a key of its own, waits in vain, and reads the key back.
bool works(const char* socket, int number, const char* seconds) {
  redisContext* c = redisConnectUnix(socket);
  bool right = c && !c->err;
  auto ask = [&](int type, auto... command) {
    auto* r = right ? static_cast<redisReply*>(redisCommand(c, command...)) : nullptr;
    right = r && r->type == type;
    std::string text = right && r->str ? r->str : "";
    if (r) freeReplyObject(r);
    return text;
  };
  std::string key = "key " + std::to_string(number);
  ask(REDIS_REPLY_STATUS, "SET %s %d", key.c_str(), number);
  ask(REDIS_REPLY_NIL, "BLPOP nothing %s", seconds);
  right = ask(REDIS_REPLY_STRING, "GET %s", key.c_str()) == std::to_string(number) && right;
  if (c && c->err) std::fprintf(stderr, "%s\n", c->errstr);
  if (c) redisFree(c);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int connections = std::atoi(argv[2]);
  std::atomic<int> wrong{0};
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; i++)
    threads.emplace_back([&, i] { wrong += !works(argv[1], i, argv[3]); });
  for (auto& t : threads) t.join();
  std::printf("%f\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return wrong ? 1 : 0;
}
