-- Begins to build the index of channels by activity, or joins a node that builds it. See activity-index.ts.
-- KEYS: [1] channels by activity · [2] their places
-- ARGV: [1] a new name for this build
-- Returns the name of the build.
local call = redis.call
local building = call('HGET', KEYS[2], ':building')
local fields = call('HLEN', KEYS[2])
if building then fields = fields - 1 end
if call('HGET', KEYS[2], ':built') then fields = fields - 1 end
-- One of the keys was deleted by hand. Every channel has to be placed again.
if call('ZCARD', KEYS[1]) ~= fields then
  call('UNLINK', KEYS[1], KEYS[2])
  building = false
end
if building then return building end
call('HSET', KEYS[2], ':building', ARGV[1])
return ARGV[1]
