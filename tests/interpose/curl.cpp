// Pages fetched by libcurl, a thread each; knows nothing of kettle.
//
//   curl http://127.0.0.1:8080/page/ 50 0.5      of /page/0 and so on, from a server that takes so
//   long; prints the seconds

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>

namespace {

size_t append(char* data, size_t size, size_t count, void* page) {
  static_cast<std::string*>(page)->append(data, size * count);
  return size * count;
}

bool fetch(const std::string& url) {
  CURL* c = curl_easy_init();
  std::string page;
  long status = 0;
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &page);
  CURLcode failed = curl_easy_perform(c);
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(c);
  if (failed) std::fprintf(stderr, "%s: %s\n", url.c_str(), curl_easy_strerror(failed));
  return !failed && status == 200 && page.size() >= 1000;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int pages = std::atoi(argv[2]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::atomic<int> wrong{0};
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < pages; i++)
    threads.emplace_back([&, i] { wrong += !fetch(argv[1] + std::to_string(i)); });
  for (auto& t : threads) t.join();
  std::printf("%f\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return wrong ? 1 : 0;
}
