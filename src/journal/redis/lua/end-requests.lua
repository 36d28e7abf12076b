-- Gives an end to requests of a channel that was deleted: nothing can be done twice there, and nobody looks there for what is too old.
-- KEYS: those of the channel, then [12] the beginning of its requests' keys and [13] its requests by time
-- ARGV: [1] how long requests are kept in milliseconds · [2] how many are given an end at most
-- Answers how many were.
if call('EXISTS', deleted) == 0 then return 0 end
local some = call('ZRANGE', KEYS[13], 0, tonumber(ARGV[2]) - 1)
for _, id in ipairs(some) do
  call('PEXPIRE', requestPrefix() .. id, ARGV[1])
  call('ZREM', KEYS[13], id)
end
return #some
