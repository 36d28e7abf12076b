-- Remembers the outcome of a request that appended nothing. See Journal.note in engine.ts.
-- KEYS: [1]–[11] the keys of the channel · [12] the request · [13] the channel's requests by time
-- ARGV: [1] now (ms), [2] request clock (ms), [3] how long requests are kept (ms) · [4] how many expired requests to delete
--   [5] a new secret, used if the channel has none · [6] salt of the request · [7] its fingerprint under that salt
--   [8] post id or "channel" · [9] revision · [10] offset · [11] epoch or "-" · [12] short check or "-"
-- Returns {request, its seal or false} if it is already remembered, otherwise false.
-- The fingerprint is sealed with the channel's secret, which is erased with the channel. A deleted channel gets no new secret,
-- because it would be mistaken for the erased secret of earlier requests.
local requestAt, kept = tonumber(ARGV[2]), tonumber(ARGV[3])
local known = remembered(requestAt, kept)
if known then return { known, sealOf(known) } end
local print, salt = ARGV[7], ARGV[6]
local isThere = call('EXISTS', journal) == 1
if call('EXISTS', deleted) == 0 then
  local secret = call('GET', notes) or ARGV[5]
  if isThere then call('SET', notes, secret) else call('SET', notes, secret, 'PX', kept) end
  print, salt = redis.sha1hex(secret .. '|' .. print), 'note:' .. salt
end
local line = table.concat({ ARGV[1], print, ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], salt }, ' ')
-- No sweep would find a request without a channel, so it has a TTL.
if isThere then remember(line, requestAt, kept, ARGV[4]) else call('SET', KEYS[12], line, 'PX', kept) end
return false
