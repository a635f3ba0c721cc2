#include "fibers/switch.hpp"

#include "fibers/stack.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace kettle {
namespace {

// A fiber with nothing around it: one execution, one body, switched to and from by hand.
struct bare {
  execution self;
  stack where;
  void (*body)(bare&) = nullptr;
  int step = 0;
  bool ended = false;
};

struct yard {
  stack_pool stacks;
  execution home;
  exceptions_in_flight& in_flight = exceptions_of_this_thread();
  yard() { open_execution(home); }

  void open(bare& b, void (*body)(bare&)) {
    b.where = stacks.take();
    b.body = body;
    prepare(b.self, b.where.bottom(), b.where.top(), start);
  }
  void close(bare& b) {
    sanitizer::end_stack(b.self.notes);
    stacks.give(b.where);
  }
  [[gnu::noinline]] void enter(bare& b) { switch_to(home, b.self, in_flight); }
  [[gnu::noinline]] void leave(bare& b) { switch_to(b.self, home, in_flight, b.ended); }

  static yard*& current() {
    static yard* y = nullptr;
    return y;
  }
  static void start(execution& e) noexcept {
    sanitizer::after_switch(e.notes);
    bare& b = reinterpret_cast<bare&>(e);
    b.body(b);
    b.ended = true;
    current()->leave(b);
    std::abort();
  }
};

class switching : public testing::Test {
 protected:
  void SetUp() override { yard::current() = &y; }
  yard y;
};

TEST_F(switching, resumes_where_it_left) {
  bare b;
  y.open(b, [](bare& self) {
    for (double x = 1.5; self.step < 3; x *= 2, self.step++) {
      yard::current()->leave(self);
      EXPECT_EQ(x, 1.5 * (1 << self.step));
    }
  });
  double mine = 2.25;
  for (int i = 0; i < 4; i++) {
    EXPECT_EQ(b.step, i == 0 ? 0 : i - 1);
    y.enter(b);
    mine *= 2;
  }
  EXPECT_TRUE(b.ended);
  EXPECT_EQ(mine, 36.0);
  y.close(b);
}

TEST_F(switching, an_exception_thrown_in_a_fiber_is_caught_there) {
  bare b;
  y.open(b, [](bare& self) {
    try {
      throw std::runtime_error("inside");
    } catch (std::runtime_error& e) {
      self.step = std::string(e.what()) == "inside";
    }
  });
  y.enter(b);
  EXPECT_EQ(b.step, 1);
  y.close(b);
}

// Without the swap of the runtime's record, `throw;` after a switch inside catch rethrows somebody
// else's exception.
TEST_F(switching, exceptions_in_flight_belong_to_their_fiber) {
  constexpr int count = 50;
  std::vector<bare> fibers(count);
  for (int i = 0; i < count; i++) {
    fibers[i].step = i;
    y.open(fibers[i], [](bare& self) {
      int me = self.step, got = -1;
      try {
        try {
          throw me;
        } catch (...) {
          yard::current()->leave(self);
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          throw;
        }
      } catch (int thrown) {
        got = thrown;
      }
      EXPECT_EQ(got, me);
    });
  }
  for (auto& b : fibers) y.enter(b);
  for (int i = count; i-- > 0;) y.enter(fibers[i]);
  for (auto& b : fibers) {
    EXPECT_TRUE(b.ended);
    y.close(b);
  }
  EXPECT_EQ(std::current_exception(), nullptr);
}

TEST_F(switching, a_destructor_may_switch_during_unwinding) {
  struct leaves {
    bare& self;
    ~leaves() {
      EXPECT_EQ(std::uncaught_exceptions(), 1);
      yard::current()->leave(self);
      EXPECT_EQ(std::uncaught_exceptions(), 1);
    }
  };
  bare b;
  y.open(b, [](bare& self) {
    try {
      leaves guard{self};
      throw 7;
    } catch (int x) {
      self.step = x;
    }
  });
  y.enter(b);
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  y.enter(b);
  EXPECT_EQ(b.step, 7);
  y.close(b);
}

TEST_F(switching, stacks_are_used_again_after_a_fiber_has_ended) {
  for (int i = 0; i < 10000; i++) {
    bare b;
    y.open(b, [](bare& self) {
      volatile char local[512] = {};
      self.step = local[511] + 1;
    });
    y.enter(b);
    EXPECT_EQ(b.step, 1);
    y.close(b);
  }
  EXPECT_EQ(y.stacks.in_use(), 0u);
}

}  // namespace
}  // namespace kettle
