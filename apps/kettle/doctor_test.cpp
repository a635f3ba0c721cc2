#include "doctor.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace kettle::app;

namespace {

kettle::machine_report sample() {
  kettle::machine_report r;
  r.loop = "epoll";
  r.loop_reason = "io_uring is denied: Operation not permitted";
  r.io_uring_denied = "Operation not permitted";
  r.kernel = "6.1.0-18-amd64";
  r.cores = 2;
  r.affinity_cores = 4;
  r.cpu_quota = 1.5;
  r.memory = 512 * 1024 * 1024;
  r.files_soft = 1024;
  r.files_hard = 4096;
  r.advice = {"a sentence"};
  return r;
}

}  // namespace

TEST(doctor, says_which_back_end_and_why_and_what_else_it_found) {
  auto text = doctor_text(sample());
  text = text.substr(text.find("loop"));
  EXPECT_EQ(text,
            "loop        epoll (io_uring is denied: Operation not permitted)\n"
            "io_uring    no: Operation not permitted\n"
            "kernel      6.1.0-18-amd64\n"
            "cores       2 usable: 4 by affinity, a quota of 1.50 CPUs\n"
            "memory      512 MiB\n"
            "descriptors 1024 at once, 4096 if raised\n"
            "FSGSBASE    no\n"
            "guard pages a mapping each\n"
            "RWF_NOWAIT  not on pipes\n"
            "- a sentence\n");
}

TEST(doctor, says_when_no_loop_can_run) {
  auto r = sample();
  r.loop = "";
  r.loop_reason = "io_uring was asked for, but it is denied";
  EXPECT_NE(doctor_text(r).find("none: io_uring was asked for, but it is denied"),
            std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(doctor_json(r))["loop"]["backend"].is_null());
}

TEST(doctor, speaks_json_with_a_schema) {
  auto out = nlohmann::json::parse(doctor_json(sample()));
  EXPECT_EQ(out["schema"], "kettle.doctor/1");
  EXPECT_EQ(out["loop"]["backend"], "epoll");
  EXPECT_EQ(out["cores"]["quota"], 1.5);
  EXPECT_EQ(out["descriptors"]["hard"], 4096);
  EXPECT_EQ(out["io_uring"]["usable"], false);
  EXPECT_EQ(out["light_guards"], false);
  EXPECT_EQ(out["pipes_nowait"], false);
  EXPECT_EQ(out["advice"][0], "a sentence");
}
