-- Notes which channel a request creates. See Journal.reserve in engine.ts.
-- KEYS: [1] the reservation's [2] the registry's reservations by time
-- ARGV: [1] now, [2] the clock of requests and [3] how long reservations are kept, all in milliseconds · [4] how many that are too old go
--   [5] the channel · [6] the one that it may take the place of, or "" · [7] what the reservation's key begins with
-- Answers the channel that is noted.
local at, kept = tonumber(ARGV[2]), tonumber(ARGV[3])
local id = string.sub(KEYS[1], #ARGV[7] + 1)
local noted = redis.call('GET', KEYS[1])
local since = noted and redis.call('ZSCORE', KEYS[2], id)
-- What an earlier version noted has no time there, and ends by itself.
if noted and not (since and tonumber(since) <= at - kept) then
  local channel = string.match(noted, '^%d+ (.*)$')
  if channel ~= ARGV[6] then return channel end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[5])
redis.call('ZADD', KEYS[2], at, id)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', at - kept, 'LIMIT', 0, ARGV[4])) do
  redis.call('UNLINK', ARGV[7] .. old)
  redis.call('ZREM', KEYS[2], old)
end
return ARGV[5]
