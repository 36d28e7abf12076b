-- Advances the stored request clock. See RequestClock in request-clock.ts.
-- KEYS: [1] request clock
-- ARGV: [1] its value according to this process (ms)
-- Returns its value (ms). Always writes, so that a replica that acknowledges this write has all earlier writes.
local reached = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', reached))
return string.format('%.0f', reached)
