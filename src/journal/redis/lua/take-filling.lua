-- Makes a process the only one that fills the store for a migration. See fill.lua.
-- KEYS: [1] format of the store · [2] the process that fills it
-- ARGV: [1] the format that it has while the migration fills it · [2] the process
-- Returns 1, or 0 if the migration does not fill the store
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1
