-- Runs commands on a store that a migration fills, in one step, unless it no longer does, or another process has taken over.
-- KEYS: [1] format of the store · [2] the process that fills it
-- ARGV: [1] the format that it has while the migration fills it · [2] the process · commands, each as its number of words, words
-- Returns 1 if the commands ran, else 0
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
local at = 3
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return 1
