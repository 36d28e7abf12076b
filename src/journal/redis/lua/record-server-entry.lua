-- Tells in the server's own journal of what stands in no channel.
-- KEYS: [1] the registry's server journal · [2] its marks
-- ARGV: [1] what is told once: nothing is told where it was told before · [2] a fresh root · [3] how many entries follow, each as in
--   server-journal.lua
-- Answers 1 where it was told now, else 0.
-- Written only where it has to be: a store that is full can still be read.
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
appendToServerJournal(KEYS[1], ARGV[2], 3)
return 1
