-- Notes that a session was signed out. See SessionStore.endSession in engine.ts.
-- KEYS: [1] the registry's ended
-- ARGV: [1] how many lines are removed · those lines · lines that are added
-- Each line that is added gets the next number as its score, so that readers ask only for what they have not seen.
local removed = tonumber(ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local number = tonumber(last[2] or 0)
for at = 2, removed + 1 do redis.call('ZREM', KEYS[1], ARGV[at]) end
for at = removed + 2, #ARGV do
  number = number + 1
  redis.call('ZADD', KEYS[1], number, ARGV[at])
end
return 'ended'
