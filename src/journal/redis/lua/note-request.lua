-- Remembers what a request came to that appended nothing. See Journal.note in engine.ts.
-- KEYS: those of the channel, then [12] the request's and [13] the channel's requests by time.
-- ARGV: [1] now, [2] the clock of requests and [3] how long they are kept, all in milliseconds · [4] how many that are too old go
--   [5] a fresh secret, taken where the channel has none · [6] salt of the request · [7] its fingerprint under that · [8] post id or
--   "channel" · [9] revision · [10] offset · [11] epoch or "-" · [12] short check or "-"
-- Answers {request, its seal or false} where it is remembered already, else false.
-- The fingerprint is sealed with the channel's secret, which goes with the channel. Of one that is deleted there is none any more: another
-- would be taken for the one that what was noted before is sealed with.
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
-- Where there is no channel nobody would find it to forget it.
if isThere then remember(line, requestAt, kept, ARGV[4]) else call('SET', KEYS[12], line, 'PX', kept) end
return false
