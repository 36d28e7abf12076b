-- Ends a build of the index of channels by activity. The index is complete from here on, unless the build was made void: its keys
-- were deleted, or a node that does not keep the index may have written meanwhile.
-- KEYS: [1] places of the channels by activity · [2] nodes
-- ARGV: [1] the name of the build · [2] the end of the ids of nodes that keep the index
-- Returns 1 if the index is complete, else 0
local call = redis.call
if call('HGET', KEYS[1], ':building') ~= ARGV[1] then return 0 end
if hasNonKeeper(KEYS[2], ARGV[2]) then return 0 end
call('HDEL', KEYS[1], ':building')
call('HSET', KEYS[1], ':built', '1')
return 1
