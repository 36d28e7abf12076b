-- Returns the fields that decide whether a channel is listed, at two fifths of the cost of reading the channel. Returns false if
-- there is no channel, or if the journal may be newer than the index: then the channel must be read.
-- KEYS: [1] journal · [2] changes · [3] index of the channel
-- Returns {state, access, created (ms)} · false
local call = redis.call
local line = call('HGET', KEYS[3], 'channel')
if not line then return false end
local last, state, access, created = string.match(line, '^%d+ (%d+) (%S+) (%S+) (%S+) ')
-- The line describes the last change of the channel, unless the journal has an entry that the index lacks.
if call('ZSCORE', KEYS[2], 'channel') ~= last then return false end
local top = string.match(call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2], '^%d+$')
if not top or #call('XRANGE', KEYS[1], '(' .. top .. '-0', '+', 'COUNT', 1) > 0 then return false end
return { state, access, created }
