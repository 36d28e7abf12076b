-- Sets a TTL on requests of a deleted channel, because no sweep visits the channel. A TTL that ends early does no harm: a deleted
-- channel takes no writes, so nothing is executed twice.
-- KEYS: [1]–[11] the keys of the channel · [12] prefix of its requests' keys · [13] its requests by time
-- ARGV: [1] how long requests are kept (ms) · [2] maximum number of requests
-- Returns how many requests got a TTL.
if call('EXISTS', deleted) == 0 then return 0 end
local some = call('ZRANGE', KEYS[13], 0, tonumber(ARGV[2]) - 1)
for _, id in ipairs(some) do
  call('PEXPIRE', requestPrefix() .. id, ARGV[1])
  call('ZREM', KEYS[13], id)
end
return #some
