#include <kettle/base/freelist.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace kettle {
namespace {

// Each test has a thread of its own, so a list of its own.
template <class F> void on_fresh_thread(F f) { std::thread(f).join(); }

TEST(freelist, gives_a_freed_block_to_the_next_of_its_class) {
  if (KETTLE_SANITIZED) GTEST_SKIP() << "sanitized builds see every block";
  on_fresh_thread([] {
    open_freelist();
    void* first = allocate_block(100);
    free_block_of(first, 100);
    void* second = allocate_block(97);  // the same class
    EXPECT_EQ(first, second);
    free_block_of(second, 97);
    close_freelist();
  });
}

TEST(freelist, keeps_no_more_than_its_cap) {
  on_fresh_thread([] {
    open_freelist();
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < freelist::cap + 100; i++) blocks.push_back(allocate_block(40));
    for (void* b : blocks) free_block_of(b, 40);
    EXPECT_EQ(tls.blocks.room[freelist::class_of(40)], KETTLE_SANITIZED ? freelist::cap : 0u);
    close_freelist();
    EXPECT_EQ(tls.blocks.head[freelist::class_of(40)], nullptr);
  });
}

TEST(freelist, of_all_classes_together_is_bounded) {
  on_fresh_thread([] {
    open_freelist();
    std::size_t bytes = 0;
    for (std::size_t c = 0; c < freelist::classes; c++)
      bytes += tls.blocks.room[c] * freelist::size_of(c);
    EXPECT_LE(bytes, std::size_t(16) << 20);
    EXPECT_GE(tls.blocks.room[freelist::class_of(256)], 900u);  // a thousand ordinary frames
    close_freelist();
  });
}

TEST(freelist, before_it_is_open_and_after_it_is_closed_it_keeps_nothing) {
  on_fresh_thread([] {
    free_block_of(allocate_block(64), 64);
    EXPECT_EQ(tls.blocks.head[freelist::class_of(64)], nullptr);
    open_freelist();
    close_freelist();
    free_block_of(allocate_block(64), 64);
    EXPECT_EQ(tls.blocks.head[freelist::class_of(64)], nullptr);
  });
}

TEST(freelist, every_size_can_be_written_to_its_end) {
  on_fresh_thread([] {
    open_freelist();
    for (std::size_t size : {1u, 31u, 32u, 33u, 1000u, 1024u, 1025u, 100000u}) {
      void* block = allocate_block(size);
      std::memset(block, 1, size);
      free_block_of(block, size);
    }
    close_freelist();
  });
}

TEST(freelist, a_block_may_be_freed_on_another_thread) {
  void* block = allocate_block(64);
  on_fresh_thread([block] {
    open_freelist();
    free_block_of(block, 64);
    close_freelist();
  });
}

}  // namespace
}  // namespace kettle
