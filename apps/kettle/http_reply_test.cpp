#include "http_reply.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

// The same bytes whole, and one at a time: the answer may not depend on how they arrive.
http_reply read(std::string_view bytes, bool closes = true) {
  http_reply whole;
  whole.feed(bytes);
  if (closes && !whole.done()) whole.end();

  http_reply drop;
  for (char c : bytes) drop.feed({&c, 1});
  if (closes && !drop.done()) drop.end();
  EXPECT_EQ(whole.done(), drop.done());
  EXPECT_EQ(whole.body(), drop.body());
  EXPECT_EQ(whole.status(), drop.status());
  return whole;
}

std::string complaint(std::string_view bytes) {
  std::string whole = "accepted";
  try {
    http_reply reply;
    reply.feed(bytes);
    reply.end();
  } catch (const reply_error& wrong) {
    whole = wrong.what();
  }
  return whole;
}

}  // namespace

TEST(http_reply, reads_a_counted_body) {
  auto reply = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
  EXPECT_TRUE(reply.done());
  EXPECT_EQ(reply.status(), 200);
  EXPECT_EQ(reply.body(), "hello");
}

TEST(http_reply, ignores_what_follows_the_body) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello").body(), "he");
}

TEST(http_reply, reads_chunks_with_extensions_and_trailers) {
  auto reply = read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n"
      "00A\r\n, chunks!\n\r\n0\r\nT: v\r\n\r\n",
      false);
  EXPECT_TRUE(reply.done());
  EXPECT_EQ(reply.body(), "hello, chunks!\n");
}

TEST(http_reply, reads_until_the_peer_closes_when_nothing_counts) {
  auto reply = read("HTTP/1.0 200 OK\n\nall of\n\nit");
  EXPECT_TRUE(reply.done());
  EXPECT_EQ(reply.body(), "all of\n\nit");
}

TEST(http_reply, some_statuses_have_no_body) {
  EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n", false).done());
  EXPECT_TRUE(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", false).done());
  EXPECT_TRUE(read("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false).done());
}

TEST(http_reply, passes_over_interim_replies) {
  auto reply = read(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(reply.status(), 200);
  EXPECT_EQ(reply.body(), "x");
}

TEST(http_reply, names_what_is_not_http_at_its_first_wrong_byte) {
  http_reply reply;
  EXPECT_THROW(reply.feed("SSH"), reply_error);
  EXPECT_EQ(complaint("SSH-2.0-x\r\n"), "the reply is not HTTP: it begins with \"SSH-2.0-x?\"");
  EXPECT_EQ(complaint(std::string_view("\0\1\2", 3)),
            "the reply is not HTTP: it begins with \"???\"");
  EXPECT_EQ(complaint("HTTP/2 200\r\n"),
            "the reply is not HTTP/1: its first line is \"HTTP/2 200\"");
  EXPECT_EQ(complaint("HTTP/1.1 2x0 OK\r\n"),
            "the reply is not HTTP/1: its first line is \"HTTP/1.1 2x0 OK\"");
  EXPECT_EQ(complaint("HTTP/1.1 2000\r\n"),
            "the reply is not HTTP/1: its first line is \"HTTP/1.1 2000\"");
}

TEST(http_reply, says_where_the_peer_closed_too_early) {
  EXPECT_EQ(complaint(""), "the peer closed without an answer");
  EXPECT_EQ(complaint("HTTP/1.1 20"), "the peer closed inside the head of its reply");
  EXPECT_EQ(complaint("HTTP/1.1 200 OK\r\nA: b\r\n"),
            "the peer closed inside the head of its reply");
  EXPECT_EQ(complaint("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789"),
            "the body ended after 10 of 20 bytes");
  EXPECT_EQ(complaint("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
            "the peer closed inside a chunked body");
}

TEST(http_reply, refuses_unsound_heads) {
  std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(complaint(ok + "no colon\r\n"), "not a sound HTTP reply: header line \"no colon\"");
  EXPECT_EQ(complaint(ok + "a b: c\r\n"), "not a sound HTTP reply: header line \"a b: c\"");
  EXPECT_EQ(complaint(ok + " folded: c\r\n"), "not a sound HTTP reply: header line \" folded: c\"");
  EXPECT_EQ(complaint(ok + "Content-Length: -1\r\n"),
            "not a sound HTTP reply: Content-Length \"-1\"");
  EXPECT_EQ(complaint(ok + "Content-Length: 1\r\nContent-Length: 2\r\n"),
            "not a sound HTTP reply: two Content-Lengths that differ");
  EXPECT_EQ(complaint(ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "not a sound HTTP reply: chunked and Content-Length together");
  EXPECT_EQ(complaint(ok + "Transfer-Encoding: gzip\r\n"),
            "transfer encoding \"gzip\" is not understood");
  EXPECT_EQ(complaint("HTTP/1.1 101 Go\r\n\r\n"), "the peer switched to another protocol");
  EXPECT_EQ(complaint(ok + "A: b\rc\r\n"),
            "not a sound HTTP reply: a NUL or a bare carriage return in its head");
}

TEST(http_reply, refuses_unsound_chunks) {
  std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(complaint(head + "xyz\r\n"), "not a sound HTTP reply: chunk size \"xyz\"");
  EXPECT_EQ(complaint(head + "\r\n"), "not a sound HTTP reply: chunk size \"\"");
  EXPECT_EQ(complaint(head + "2\r\nabc\r\n"),
            "not a sound HTTP reply: a chunk is longer than it says");
  EXPECT_EQ(complaint(head + "fffffffffffffffff\r\n"),
            "not a sound HTTP reply: chunk size \"fffffffffffffffff\"");
}

TEST(http_reply, a_head_is_at_most_64_kib) {
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() <= http_reply::longest_head) endless += "A: bbbbbbbbbbbbbbbb\r\n";
  EXPECT_EQ(complaint(endless), "not a sound HTTP reply: its head is longer than 64 KiB");
  EXPECT_EQ(complaint("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'b')),
            "not a sound HTTP reply: its head is longer than 64 KiB");
  // Interim replies share the one allowance.
  std::string hints;
  while (hints.size() <= http_reply::longest_head) hints += "HTTP/1.1 103 E\r\nA: b\r\n\r\n";
  EXPECT_EQ(complaint(hints), "not a sound HTTP reply: its head is longer than 64 KiB");
}

TEST(http_reply, a_body_is_at_most_64_mib_and_is_refused_before_it_is_read) {
  std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(complaint(ok + "Content-Length: 67108865\r\n\r\n"), "the body is longer than 64 MiB");
  EXPECT_EQ(complaint(ok + "Content-Length: 18446744073709551615\r\n\r\n"),
            "the body is longer than 64 MiB");
  EXPECT_EQ(complaint(ok + "Transfer-Encoding: chunked\r\n\r\n4000001\r\n"),
            "the body is longer than 64 MiB");

  http_reply endless;
  endless.feed(ok + "\r\n");
  std::string mebibyte(1024 * 1024, 'x');
  for (int i = 0; i < 64; i++) endless.feed(mebibyte);
  EXPECT_THROW(endless.feed("x"), reply_error);
}

TEST(http_reply, failures_and_redirections_are_no_success) {
  auto answered = [](std::string status) -> std::string {
    http_reply reply;
    reply.feed("HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\n\r\n");
    try {
      reply.expect_success();
    } catch (const reply_error& wrong) {
      return wrong.what();
    }
    return "fine";
  };
  EXPECT_EQ(answered("200"), "fine");
  EXPECT_EQ(answered("299"), "fine");
  EXPECT_EQ(answered("404"), "the server answered 404");
  EXPECT_EQ(answered("500"), "the server answered 500");
  EXPECT_EQ(answered("301"),
            "the server answered 301, a redirection, which kettle does not follow");
}
