-- The sessions that were signed out, since they were read last, and the key that signs sessions.
-- KEYS: [1] the registry's ended [2] its session key
-- ARGV: [1] the number of the line that was read last, or "0" · [2] that line · [3] the key that is kept unless there is one, or ""
-- Answers {"all" or "more", key, line, number, line, number, ...}. "more": the store holds the line that was read last, so only later
-- ones are told; it would not after it went back to an older state.
local key = redis.call('GET', KEYS[2])
-- Written only where it has to be: a store that is full can still be read.
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
