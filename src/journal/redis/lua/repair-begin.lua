-- Looks whether a channel is damaged, or begins to rebuild it; see repair.ts. From the beginning of a repair to its end every server refuses
-- the channel, also where the repair is cut off on the way: nothing else writes to it, and the next repair begins again.
-- KEYS: those of the channel, then [12] who repairs it.
-- ARGV: [1] who begins, or "" to look · [2] milliseconds after which another may begin, where this one is silent
-- Answers {"damaged" or "sound" as far as the head tells, the highest offset that is known to have been given out, or 0}
--   {"busy"}: another repairs it · {"missing"}: there is no such channel
local last = head()
if call('EXISTS', deleted) == 1 or last == nil then return { 'missing' } end
if ARGV[1] ~= '' and not call('SET', KEYS[12], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 'busy' } end
-- A repair that was cut off has left its mark above all offsets, where no entry is.
local top = tonumber(call('ZREVRANGEBYSCORE', changes, '(+inf', '-inf', 'LIMIT', 0, 1, 'WITHSCORES')[2] or '0')
-- A stream knows the highest id that it was ever given, and takes none below that, also where the entry was taken away.
local stream = call('EXISTS', journal) == 1 and call('XINFO', 'STREAM', journal) or {}
for at = 1, #stream, 2 do
  if stream[at] == 'last-generated-id' then top = math.max(top, tonumber(string.match(stream[at + 1], '^%d+'))) end
end
if ARGV[1] ~= '' then
  -- These can be made from the journal and the texts again.
  call('UNLINK', changes, posts, tags, listed)
  call('ZADD', changes, '+inf', 'mending', top, 'highest')
end
return { last and 'sound' or 'damaged', top }
