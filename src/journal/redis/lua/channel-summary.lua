-- By what it is decided whether a channel is listed, at two fifths of what it takes to read it. Nothing is told where there is no channel,
-- nor where the journal may know better than the index: only reading it tells.
-- KEYS: of the channel, [1] the journal · [2] the changes · [3] the index
-- Answers {state, access, created in ms} · false
local call = redis.call
local line = call('HGET', KEYS[3], 'channel')
if not line then return false end
local last, state, access, created = string.match(line, '^%d+ (%d+) (%S+) (%S+) (%S+) ')
-- It is of the channel's last change, as long as the journal has no change that is not told of.
if call('ZSCORE', KEYS[2], 'channel') ~= last then return false end
local top = string.match(call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2], '^%d+$')
if not top or #call('XRANGE', KEYS[1], '(' .. top .. '-0', '+', 'COUNT', 1) > 0 then return false end
return { state, access, created }
