#include "cli/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, AreWrittenInPrometheusFormat) {
  wasi::http::ServiceStats stats;
  stats.requests = 12;
  stats.queued = 3;
  stats.paused = 2;
  stats.paused_time = std::chrono::milliseconds(1'250);
  const auto text = metrics_text(stats);
  EXPECT_THAT(text, HasSubstr("# TYPE wisp_requests_total counter\nwisp_requests_total 12\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE wisp_requests_queued gauge\nwisp_requests_queued 3\n"));
  EXPECT_THAT(text, HasSubstr("\nwisp_instances_paused 2\n"));
  EXPECT_THAT(text, HasSubstr("\nwisp_instance_paused_seconds_total 1.250\n"));
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace wisp::cli
