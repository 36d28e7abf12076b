-- Which channel a request is noted to create. See Journal.reserved in engine.ts.
-- KEYS: [1] the reservation's.
-- ARGV: [1] the time, in milliseconds, after which it must have been made
-- Answers the channel that is noted, or false.
local noted = redis.call('GET', KEYS[1])
if not noted then return false end
local made, channel = string.match(noted, '^(%d+) (.*)$')
return tonumber(made) > tonumber(ARGV[1]) and channel
