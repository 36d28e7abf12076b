-- Notes which channel a request creates. See Journal.reserve in engine.ts.
-- KEYS: [1] the reservation's.
-- ARGV: [1] now and [2] how long it is kept, both in milliseconds · [3] the channel · [4] the one that it may take the place of, or ""
-- Answers the channel that is noted.
local noted = redis.call('GET', KEYS[1])
if noted then
  local made, channel = string.match(noted, '^(%d+) (.*)$')
  if tonumber(made) > tonumber(ARGV[1]) - tonumber(ARGV[2]) and channel ~= ARGV[4] then return channel end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2])
return ARGV[3]
