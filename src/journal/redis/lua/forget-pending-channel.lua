-- Removes the note that a channel may have pending erasures, unless the channel was noted again in the meantime.
-- KEYS: [1] the registry's channels with pending erasures
-- ARGV: [1] the channel · [2] the time of the note, as it was read (ms)
-- Returns nothing.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
