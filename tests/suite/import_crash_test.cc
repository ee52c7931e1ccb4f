// kill -9 of the serving process in the middle of an import: every acknowledged row is there after
// the restart, and sending everything again finishes the import.
//
// The seed chooses when to kill; TERRACE_CRASH_SEED replays one.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/file.h"
#include "common/base/random.h"
#include "common/rpc/channel.h"
#include "terrace/gateway/v1/access.pb.h"
#include "terrace/registry/v1/registry.pb.h"

namespace terrace {
namespace {

constexpr int kChunks = 60;
constexpr int kRowsPerChunk = 500;

// `terrace serve` as a child, on a port of its own.
class Server {
 public:
  explicit Server(const std::string& data_dir) : data_dir_(data_dir) {
    std::filesystem::remove(AddressFile());
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execl(TERRACE_BINARY, TERRACE_BINARY, "serve", "--data-dir", data_dir.c_str(), "--listen",
              "127.0.0.1:0", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!std::filesystem::exists(AddressFile()) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    auto address = ReadFile(AddressFile());
    auto token = ReadFile(absl::StrCat(data_dir, "/admin.token"));
    if (!address.ok() || !token.ok()) return;
    channel_ = rpc::Channel::Connect(std::string(absl::StripAsciiWhitespace(*address)),
                                     {std::string(absl::StripAsciiWhitespace(*token)), nullptr});
  }
  ~Server() { Kill(); }

  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  rpc::Channel* channel() { return channel_.get(); }

 private:
  std::string AddressFile() const { return absl::StrCat(data_dir_, "/serve.address"); }

  const std::string data_dir_;
  pid_t pid_ = -1;
  std::shared_ptr<rpc::Channel> channel_;
};

registry::v1::ImportUnitsRequest Chunk(int chunk) {
  registry::v1::ImportUnitsRequest request;
  for (int i = 0; i < kRowsPerChunk; ++i) {
    registry::v1::ImportUnitRow* row = request.add_rows();
    const bool top = chunk == 0 && i == 0;
    row->set_unit_id(top ? "nation" : absl::StrFormat("unit-%03d-%03d", chunk, i));
    if (!top) row->set_parent_id("nation");
    row->mutable_unit()->set_display_name(absl::StrCat("Unit ", chunk, "/", i));
    row->mutable_unit()->set_kind(top ? "kinds/nation" : "kinds/village");
    row->mutable_unit()->set_level(top ? "levels/nation" : "levels/village");
  }
  return request;
}

absl::StatusOr<registry::v1::ImportUnitsResponse> Import(rpc::Channel& channel, int chunk) {
  auto stream = channel.Open("/terrace.registry.v1.UnitRegistry/ImportUnits",
                             absl::Now() + absl::Seconds(20));
  stream->Write(Chunk(chunk));
  stream->WritesDone();
  registry::v1::ImportUnitsResponse reply;
  const bool answered = stream->Read(&reply);
  absl::Status status = stream->Finish();
  if (!status.ok()) return status;
  if (!answered) return absl::InternalError("no answer");
  return reply;
}

TEST(ImportCrashTest, AcknowledgedRowsSurviveAndTheImportIsResumed) {
  const char* given = std::getenv("TERRACE_CRASH_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("TERRACE_CRASH_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("terrace-test-" + RandomHex(8));

  int acknowledged = 0;  // Chunks.
  int kills = 0;
  while (acknowledged < kChunks) {
    Server server(dir.string());
    ASSERT_NE(server.channel(), nullptr) << "the server did not start";
    // Everything acknowledged before is there, each row as it was sent.
    for (int chunk = 0; chunk < acknowledged; ++chunk) {
      registry::v1::BatchGetUnitsRequest request;
      const registry::v1::ImportUnitsRequest sent = Chunk(chunk);
      for (const auto& row : sent.rows()) request.add_names("units/" + row.unit_id());
      registry::v1::BatchGetUnitsResponse reply;
      absl::Status status =
          server.channel()->Call("/terrace.registry.v1.UnitRegistry/BatchGetUnits", request, &reply,
                                 absl::Now() + absl::Seconds(20));
      ASSERT_TRUE(status.ok()) << "chunk " << chunk << " after " << kills << " kills: " << status;
      ASSERT_EQ(reply.units_size(), kRowsPerChunk);
      EXPECT_EQ(reply.units(7).display_name(), sent.rows(7).unit().display_name());
    }
    // The last round is left alone; the others are killed at a random moment.
    std::atomic<bool> over = false;
    const bool kill = kills < 4;
    const absl::Duration life = absl::Milliseconds(static_cast<int>(random() % 250) + 20);
    std::thread killer([&] {
      const absl::Time end = absl::Now() + life;
      while (kill && !over && absl::Now() < end) absl::SleepFor(absl::Milliseconds(1));
      if (kill && !over) server.Kill();
    });
    for (int chunk = acknowledged; chunk < kChunks; ++chunk) {
      absl::StatusOr<registry::v1::ImportUnitsResponse> reply = Import(*server.channel(), chunk);
      if (!reply.ok()) break;
      EXPECT_EQ(reply->rejected(), 0) << reply->ShortDebugString();
      EXPECT_EQ(reply->created() + reply->unchanged() + reply->updated(), kRowsPerChunk);
      EXPECT_EQ(reply->updated(), 0) << "a row was stored by halves";
      acknowledged = chunk + 1;
    }
    over = true;
    killer.join();
    ++kills;
  }
  std::printf("%d starts, %d rows acknowledged and found\n", kills, kChunks * kRowsPerChunk);
  EXPECT_GT(kills, 1);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace terrace
