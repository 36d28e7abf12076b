-- Returns the id that is reserved for the channel that a request creates. See Journal.reserved in engine.ts.
-- KEYS: [1] the reservation · [2] reservations by time
-- ARGV: [1] request clock (ms), [2] how long reservations are kept (ms) · [3] prefix of the reservation's key
-- Returns the reserved id, or false.
local noted = redis.call('GET', KEYS[1])
if not noted then return false end
local since = redis.call('ZSCORE', KEYS[2], string.sub(KEYS[1], #ARGV[3] + 1))
if since and tonumber(since) <= tonumber(ARGV[1]) - tonumber(ARGV[2]) then return false end
return string.match(noted, '^%d+ (.*)$')
