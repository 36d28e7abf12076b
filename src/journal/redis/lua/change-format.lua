-- Replaces the format of the store, which says whether servers may write to it. See store-format.ts.
-- KEYS: [1] format of the store · others, which must not exist
-- ARGV: [1] the format that it must have, or "" if it must have none · [2] the new one
-- Returns 1 if it was replaced, else 0
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
for other = 2, #KEYS do
  if redis.call('EXISTS', KEYS[other]) == 1 then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
