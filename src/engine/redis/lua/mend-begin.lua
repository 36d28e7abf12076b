-- Begins to make a channel whole again whose keys contradict each other; mend.ts decides how. From here to the end it is broken for
-- certain, also where that is cut off on the way: nothing else writes to it, and whoever finds it so begins anew.
-- KEYS: those of the channel, then [12] who mends it.
-- ARGV: [1] who begins · [2] milliseconds after which another may, where nothing more is heard of it · [3] "1" where it was found broken
--   within, of which the head does not tell, or ""
-- Answers the highest offset of a change, or 0 · "busy": another is at it · "sound": it was not broken, or not so any more
local last = head()
if call('EXISTS', deleted) == 1 or last == nil or (last and ARGV[3] ~= '1') then return 'sound' end
if call('EXISTS', KEYS[12]) == 1 then return 'busy' end
call('SET', KEYS[12], ARGV[1], 'PX', ARGV[2])
-- What can be made from the journal and the texts again. Of the changes their highest offset stays, and no entry is where the mark stands.
local top = tonumber(call('ZREVRANGEBYSCORE', changes, '(+inf', '-inf', 'LIMIT', 0, 1, 'WITHSCORES')[2] or '0')
-- A stream knows the highest id that it was ever given, and takes none below that, also where the entry was taken away.
local stream = call('EXISTS', journal) == 1 and call('XINFO', 'STREAM', journal) or {}
for at = 1, #stream, 2 do
  if stream[at] == 'last-generated-id' then top = math.max(top, tonumber(string.match(stream[at + 1], '^%d+'))) end
end
call('UNLINK', changes, posts, tags, listed)
call('ZADD', changes, '+inf', 'mending', top, 'highest')
return top
