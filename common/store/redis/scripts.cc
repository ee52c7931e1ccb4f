// Lua of Redis 7. "#!lua" lets Redis refuse a script that writes before it begins, on a replica,
// out of memory or with too few replicas; "no-writes" lets one that reads run all the same. Numbers
// are exact up to 2^53: enough for revisions, and for microseconds until the year 2255. `unpack`
// takes no more than about 8,000 values, so lists go in pieces.
#include "common/store/redis/scripts.h"

#include "absl/strings/str_cat.h"

namespace terrace::store::redis {
namespace {

// Fields of meta:
//   log_id           of the log as it goes on; every batch also has the one that it was made under
//   end, compacted   revisions; time: that of the last batch, in microseconds
//   primary          the replication id of the server that the log was last taken up on
//   replicas, wait   the most replicas that were connected and the fewest that were waited for
//                    since the log has this log_id
//
// On another primary than before, the log goes on as it is when every follower waited for every
// replica: then whichever was promoted has all that anybody was told. Otherwise the new primary may
// lack what some follower has delivered, and nobody who is left may know. It takes a new log id,
// which ends what was delivered from the old one. The same when it has other batches than the
// caller has seen.
constexpr absl::string_view kOpen = R"lua(#!lua
local meta, ids = KEYS[1], KEYS[3]
local fresh, primary, replicas, wait = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local m = redis.call('HMGET', meta, 'log_id', 'end', 'compacted', 'primary', 'replicas', 'wait')
if not m[1] then
  redis.call('HSET', meta, 'log_id', fresh, 'end', 0, 'compacted', 0, 'time', 0,
             'primary', primary, 'replicas', replicas, 'wait', wait)
  return {fresh, '0', '0', '', 0}
end
local broken = false
if m[4] ~= primary then broken = not m[4] or tonumber(m[5]) > tonumber(m[6]) end
if ARGV[5] == m[1] and ARGV[7] ~= '' and tonumber(ARGV[6]) > tonumber(m[3]) then
  local there = redis.call('ZRANGEBYSCORE', ids, ARGV[6], ARGV[6])
  if there[1] ~= ARGV[7] then broken = true end
end
if broken then
  m[1] = fresh
else
  replicas = math.max(replicas, tonumber(m[5]))
  wait = math.min(wait, tonumber(m[6]))
end
if broken or m[4] ~= primary or m[5] ~= tostring(replicas) or m[6] ~= tostring(wait) then
  redis.call('HSET', meta, 'log_id', m[1], 'primary', primary, 'replicas', replicas, 'wait', wait)
end
local last = redis.call('ZRANGEBYSCORE', ids, m[2], m[2])
return {m[1], m[2], m[3], last[1] or '', redis.call('ZCOUNT', ids, '-inf', m[3])}
)lua";

constexpr absl::string_view kCommit = R"lua(#!lua
local meta, log, ids, live, revisions, values = unpack(KEYS)
local m = redis.call('HMGET', meta, 'log_id', 'end', 'time')
if m[1] ~= ARGV[1] then return {'LOG'} end
if (redis.call('HGET', revisions, 'meta/format') or '0') ~= ARGV[2] then return {'FORMAT'} end
if redis.call('ZSCORE', ids, ARGV[4]) then return {'STORED'} end

local at = 10
local guards, sets, deletes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
for first = 1, guards, 1000 do
  local keys = {}
  for i = first, math.min(first + 999, guards) do keys[#keys + 1] = ARGV[at + 2 * i - 1] end
  local found = redis.call('HMGET', revisions, unpack(keys))
  for i = 1, #keys do
    local which = first + i - 1
    if (found[i] or '0') ~= ARGV[at + 2 * which] then return {'GUARD', which} end
  end
end
at = at + 2 * guards

local time = tonumber(ARGV[3])
if not time then
  local now = redis.call('TIME')
  time = now[1] * 1000000 + now[2]
end
time = math.max(time, tonumber(m[3]))
if ARGV[10] ~= '' and time < tonumber(ARGV[10]) then
  return {'EARLY', string.format('%.0f', time)}
end
time = string.format('%.0f', time)
local revision = string.format('%.0f', m[2] + 1)
local changes = ARGV[6]
redis.call('XADD', log, revision .. '-0', 'b', ARGV[4], 'l', m[1], 't', time, 'h', ARGV[5],
           'c', changes)
redis.call('ZADD', ids, revision, ARGV[4])
redis.call('HSET', meta, 'end', revision, 'time', time)

for first = 1, sets, 1000 do
  local r, v, k = {}, {}, {}
  for i = first, math.min(first + 999, sets) do
    local word = at + 3 * i - 2
    local key, from = ARGV[word], tonumber(ARGV[word + 1])
    r[#r + 1] = key
    r[#r + 1] = revision
    v[#v + 1] = key
    v[#v + 1] = string.sub(changes, from, from + tonumber(ARGV[word + 2]) - 1)
    k[#k + 1] = 0
    k[#k + 1] = key
  end
  redis.call('HSET', revisions, unpack(r))
  redis.call('HSET', values, unpack(v))
  redis.call('ZADD', live, unpack(k))
end
at = at + 3 * sets

for first = 1, deletes, 1000 do
  local keys = {unpack(ARGV, at + first, at + math.min(first + 999, deletes))}
  redis.call('HDEL', revisions, unpack(keys))
  redis.call('HDEL', values, unpack(keys))
  redis.call('ZREM', live, unpack(keys))
end
return {'OK', revision, time}
)lua";

constexpr absl::string_view kRead = R"lua(#!lua flags=no-writes
local m = redis.call('HMGET', KEYS[1], 'log_id', 'end')
if m[1] ~= ARGV[1] then return {'LOG'} end
local out = {'OK', m[2]}
for first = 2, #ARGV, 1000 do
  local keys = {unpack(ARGV, first, math.min(first + 999, #ARGV))}
  local revisions = redis.call('HMGET', KEYS[5], unpack(keys))
  local values = redis.call('HMGET', KEYS[6], unpack(keys))
  for i = 1, #keys do
    out[#out + 1] = values[i]
    out[#out + 1] = revisions[i]
  end
end
return out
)lua";

constexpr absl::string_view kScan = R"lua(#!lua flags=no-writes
local m = redis.call('HMGET', KEYS[1], 'log_id', 'end')
if m[1] ~= ARGV[1] then return {'LOG'} end
local out = {'OK', m[2]}
local found = redis.call('ZRANGEBYLEX', KEYS[4], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
for first = 1, #found, 1000 do
  local keys = {unpack(found, first, math.min(first + 999, #found))}
  local revisions = redis.call('HMGET', KEYS[5], unpack(keys))
  local values = redis.call('HMGET', KEYS[6], unpack(keys))
  for i = 1, #keys do
    out[#out + 1] = keys[i]
    out[#out + 1] = values[i]
    out[#out + 1] = revisions[i]
  end
end
return out
)lua";

// The mark goes first: whatever happens to the batches, the log begins behind them, and whoever has
// read batches and then finds the mark below them has read all of them.
constexpr absl::string_view kCompact = R"lua(#!lua
local m = redis.call('HMGET', KEYS[1], 'log_id', 'compacted', 'end')
if m[1] ~= ARGV[1] then return {'LOG'} end
local mark = math.min(math.max(tonumber(ARGV[2]), tonumber(m[2])), tonumber(m[3]))
if mark > tonumber(m[2]) then
  redis.call('HSET', KEYS[1], 'compacted', string.format('%.0f', mark))
end
local old = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', mark),
                       'LIMIT', 0, ARGV[3])
if #old == 0 then return {'OK', 1} end
local last = redis.call('ZSCORE', KEYS[3], old[#old])
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', last + 1))
redis.call('ZREM', KEYS[3], unpack(old))
return {'OK', #old < tonumber(ARGV[3]) and 1 or 0}
)lua";

}  // namespace

Keys::Keys(absl::string_view realm, absl::string_view service) {
  const std::string prefix = absl::StrCat("{", realm, "/", service, "}:");
  meta = prefix + "meta";
  log = prefix + "log";
  ids = prefix + "ids";
  live = prefix + "live";
  revisions = prefix + "revisions";
  values = prefix + "values";
}

absl::string_view SourceOf(Script script) {
  switch (script) {
    case Script::kOpen:
      return kOpen;
    case Script::kCommit:
      return kCommit;
    case Script::kRead:
      return kRead;
    case Script::kScan:
      return kScan;
    case Script::kCompact:
      return kCompact;
  }
  return "";
}

}  // namespace terrace::store::redis
