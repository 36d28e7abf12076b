-- Returns a part of the index of channels by activity. See activity-index.ts.
-- KEYS: [1] channels by activity · [2] their places · [3] nodes
-- ARGV: [1] where to begin, exclusive, as a bound of ZRANGE BYLEX · [2] where to end · [3] "REV" or "" · [4] how many
--   [5] the end of the ids of nodes that keep the index · [6] how many damaged channels
-- Returns {"1" if the index is complete or "", number of damaged channels, their places, the places found}
local call = redis.call
local isComplete = call('HGET', KEYS[2], ':built') and haveSameSize(KEYS[1], KEYS[2]) and not hasNonKeeper(KEYS[3], ARGV[5])
local found
if ARGV[3] == 'REV' then
  found = call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYLEX', 'REV', 'LIMIT', 0, ARGV[4])
else
  found = call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[4])
end
local damaged = call('ZRANGE', KEYS[1], '[damaged:', '(damaged;', 'BYLEX', 'LIMIT', 0, ARGV[6])
local answer = { isComplete and '1' or '', #damaged }
for _, places in ipairs({ damaged, found }) do
  for _, place in ipairs(places) do table.insert(answer, place) end
end
return answer
