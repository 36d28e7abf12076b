-- Reserves the id of the channel that a request creates. See Journal.reserve in engine.ts.
-- KEYS: [1] the reservation · [2] reservations by time
-- ARGV: [1] now (ms), [2] request clock (ms), [3] how long reservations are kept (ms) · [4] how many expired ones to delete
--   [5] channel id · [6] the id that it may replace, or "" · [7] prefix of the reservation's key
-- Returns the reserved id.
local at, kept = tonumber(ARGV[2]), tonumber(ARGV[3])
local id = string.sub(KEYS[1], #ARGV[7] + 1)
local noted = redis.call('GET', KEYS[1])
local since = noted and redis.call('ZSCORE', KEYS[2], id)
-- A reservation that an earlier version made has no time in KEYS[2] and expires by its TTL.
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
