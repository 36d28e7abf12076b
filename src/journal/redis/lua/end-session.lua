-- Ends a session. See SessionStore.endSession in engine.ts.
-- KEYS: [1] ended sessions · [2] the server's own journal
-- ARGV: [1] a new root of the server's own journal · [2] number of entries for it, and the entries as in server-journal.lua
--   then the number of lines to remove · lines to remove · lines to add
-- Returns "ended". Each added line gets the next number as its score, so that nodes read only new lines. The entries are recorded
-- unless the session, which is the first added line, was ended before.
local at = 3 + 6 * tonumber(ARGV[2])
local removed = tonumber(ARGV[at])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local number = tonumber(last[2] or 0)
local first = ARGV[at + removed + 1]
local isNews = first and not redis.call('ZSCORE', KEYS[1], first)
for place = at + 1, at + removed do redis.call('ZREM', KEYS[1], ARGV[place]) end
for place = at + removed + 1, #ARGV do
  number = number + 1
  redis.call('ZADD', KEYS[1], number, ARGV[place])
end
if isNews then appendToServerJournal(KEYS[2], ARGV[1], 2) end
return 'ended'
