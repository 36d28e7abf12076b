-- Keeps how far the clock of requests has come. See RequestClock in request-clock.ts.
-- KEYS: [1] the registry's request clock
-- ARGV: [1] how far it has come by what this process knows, in milliseconds
-- Answers how far it has come. Always writes, so that a replica that acknowledges it has all that was written before.
local reached = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', reached))
return string.format('%.0f', reached)
