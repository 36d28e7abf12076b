-- Examines a channel, or begins its repair. See repair.ts. From the beginning of a repair to its end, every server refuses the
-- channel, and nothing else writes to it. If the repair is interrupted, this lasts until another repair has ended.
-- KEYS: [1]–[11] the keys of the channel · [12] the process that repairs it
-- ARGV: [1] the process that begins the repair, or "" to only examine · [2] after how long without a renewal another may begin
-- (ms)
-- Returns {"damaged" or "sound" according to the head, the highest offset that is known to have been assigned or 0}
--   {"busy"}: another process repairs it · {"missing"}: there is no such channel
local last = head()
if call('EXISTS', deleted) == 1 or last == nil then return { 'missing' } end
if ARGV[1] ~= '' and not call('SET', KEYS[12], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 'busy' } end
-- If a repair was interrupted, the highest score is its mark, +inf, which is skipped here.
local top = tonumber(call('ZREVRANGEBYSCORE', changes, '(+inf', '-inf', 'LIMIT', 0, 1, 'WITHSCORES')[2] or '0')
-- A stream remembers the highest id it ever had and accepts no lower one, even if the entry was removed.
local stream = call('EXISTS', journal) == 1 and call('XINFO', 'STREAM', journal) or {}
for at = 1, #stream, 2 do
  if stream[at] == 'last-generated-id' then top = math.max(top, tonumber(string.match(stream[at + 1], '^%d+'))) end
end
if ARGV[1] ~= '' then
  -- These can be rebuilt from the journal and the texts.
  call('UNLINK', changes, posts, tags, listed)
  call('ZADD', changes, '+inf', 'mending', top, 'highest')
end
return { last and 'sound' or 'damaged', top }
