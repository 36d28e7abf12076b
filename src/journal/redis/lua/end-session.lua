-- Ends a session. See SessionStore.endSession in engine.ts.
-- KEYS: [1] ended sessions
-- ARGV: [1] number of lines to remove · lines to remove · lines to add
-- Returns "ended". Each added line gets the next number as its score, so that nodes read only new lines.
local removed = tonumber(ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local number = tonumber(last[2] or 0)
for at = 2, removed + 1 do redis.call('ZREM', KEYS[1], ARGV[at]) end
for at = removed + 2, #ARGV do
  number = number + 1
  redis.call('ZADD', KEYS[1], number, ARGV[at])
end
return 'ended'
