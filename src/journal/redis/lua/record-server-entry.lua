-- Adds entries to the server's own journal, unless they were added before.
-- KEYS: [1] the server's own journal · [2] the marks of entries that are added only once
-- ARGV: [1] the mark of these entries · [2] a new root · [3] number of entries, each as in
-- server-journal.lua
-- Returns 1 if they were added now, otherwise 0. Writes only if necessary, so that a node can also start with a store that takes
-- no writes.
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
appendToServerJournal(KEYS[1], ARGV[2], 3)
return 1
