-- Returns the sessions that ended since the last read, and the key that signs sessions.
-- KEYS: [1] ended sessions · [2] session key
-- ARGV: [1] number of the last line that was read, or "0" · [2] that line · [3] the key to store if there is none, or ""
-- Returns {"all" or "more", key, line, number, line, number, ...}. "more": the store still has the last line that was read, so
-- only later lines follow. A store that was restored to an older state lacks that line, so all lines follow.
local key = redis.call('GET', KEYS[2])
-- Written only if necessary, so that a full store can still be read.
if not key and ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
key = key or ARGV[3]
local isKnown = ARGV[1] ~= '0' and tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or -1) == tonumber(ARGV[1])
local lines
if isKnown then
  lines = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES')
else
  lines = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
end
table.insert(lines, 1, key)
table.insert(lines, 1, isKnown and 'more' or 'all')
return lines
