-- Forgets that a channel may owe an erasure, unless that was noted again meanwhile.
-- KEYS: [1] the registry's owed
-- ARGV: [1] the channel · [2] when it was noted, as it was read
-- Answers nothing.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
