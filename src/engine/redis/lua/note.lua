-- Remembers what a request came to that appended nothing. See Journal.note in engine.ts.
-- KEYS: those of the channel, then [12] the request's.
-- ARGV: [1] now and [2] how long requests are kept, both in milliseconds · [3] a fresh secret, taken where the channel has none
--   [4] salt of the request · [5] its fingerprint under that · [6] post id or "channel" · [7] revision · [8] offset · [9] epoch or "-"
--   [10] short check or "-"
-- Answers {request, its seal or false} where it is remembered already, else false.
-- The fingerprint is sealed with the channel's secret, which goes with the channel. Of one that is deleted there is none any more: another
-- would be taken for the one that what was noted before is sealed with.
local known = call('GET', KEYS[12])
if known and tonumber(string.match(known, '^%d+')) > tonumber(ARGV[1]) - tonumber(ARGV[2]) then return { known, sealOf(known) } end
local print, salt = ARGV[5], ARGV[4]
if call('EXISTS', deleted) == 0 then
  local secret = call('GET', notes) or ARGV[3]
  call('SET', notes, secret, 'PX', ARGV[2])
  print, salt = redis.sha1hex(secret .. '|' .. print), 'note:' .. salt
end
call('SET', KEYS[12], table.concat({ ARGV[1], print, ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], salt }, ' '), 'PX', ARGV[2])
return false
