#include "responder.hpp"

#include <gtest/gtest.h>

#include "http_reply.hpp"

using namespace kettle::app;

TEST(responder, a_page_is_the_same_every_time_and_unlike_the_others) {
  EXPECT_EQ(page_text(7), page_text(7));
  EXPECT_NE(page_text(7), page_text(8));
  EXPECT_GE(page_text(7).size(), 4096u);
  EXPECT_TRUE(page_text(7).starts_with("page 7\n"));
}

TEST(responder, answers_pages_and_refuses_the_rest) {
  auto status = [](std::string_view head) {
    http_reply reply;
    reply.feed(reply_to(head));
    EXPECT_TRUE(reply.done());
    return reply.status();
  };
  EXPECT_EQ(status("GET /page/12 HTTP/1.1\r\nHost: x"), 200);
  EXPECT_EQ(status("GET /page/ HTTP/1.1"), 404);
  EXPECT_EQ(status("GET /page/-1 HTTP/1.1"), 404);
  EXPECT_EQ(status("GET / HTTP/1.1"), 404);
  EXPECT_EQ(status("POST /page/1 HTTP/1.1"), 405);
  EXPECT_EQ(status("hello"), 400);
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("GET /page/1"), 400);
}
