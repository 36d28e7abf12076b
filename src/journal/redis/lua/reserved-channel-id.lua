-- Which channel a request is noted to create. See Journal.reserved in engine.ts.
-- KEYS: [1] the reservation's [2] the registry's reservations by time
-- ARGV: [1] the clock of requests and [2] how long reservations are kept, both in milliseconds · [3] what the reservation's key begins with
-- Answers the channel that is noted, or false.
local noted = redis.call('GET', KEYS[1])
if not noted then return false end
local since = redis.call('ZSCORE', KEYS[2], string.sub(KEYS[1], #ARGV[3] + 1))
if since and tonumber(since) <= tonumber(ARGV[1]) - tonumber(ARGV[2]) then return false end
return string.match(noted, '^%d+ (.*)$')
