-- Begins to build the index of channels by activity, or joins a node that builds it. See activity-index.ts.
-- KEYS: [1] channels by activity · [2] their places
-- ARGV: [1] a new name for this build
-- Returns the name of the build.
local call = redis.call
-- One of the keys was deleted by hand, so every channel has to be placed again.
if not haveSameSize(KEYS[1], KEYS[2]) then call('UNLINK', KEYS[1], KEYS[2]) end
local building = call('HGET', KEYS[2], ':building')
if building then return building end
call('HSET', KEYS[2], ':building', ARGV[1])
return ARGV[1]
