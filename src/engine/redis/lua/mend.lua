-- Makes a channel whole again whose keys contradict each other; mend.ts decides how. While it is broken nothing else writes to it.
-- KEYS: those of the channel.
-- ARGV: [1] the journal's last offset or 0, [2] the highest offset of a change or 0: as they stood when it was decided · [3] how:
--   "gone": nothing can be shown, what remains is taken away · "derived": the journal is whole, and all else but the texts is made from
--   it again · "anew": a history begins · [4] the salt of tags · then, but not for "gone":
--   how many places of revisions follow that are taken away, places · how many offsets of listed entries follow, offsets ·
--   state, access, created, pinned id or "-", latestPostAt or "-", revision and last of the channel ·
--   how many posts follow, each as id, revision, last, seq, erased, publishedAt, how many tags follow, tags
--   and for "anew": root, offset, digest, at, by, content, label, text of the first entry, by which the channel has its revision
-- Answers "mended" · "sound": it was not broken, or not so any more
if call('EXISTS', deleted) == 1 or head() ~= false then return 'sound' end
local last = call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
local top = call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2]
if (last and toEntry(last).offset or 0) ~= tonumber(ARGV[1]) or tonumber(top or 0) ~= tonumber(ARGV[2]) then return 'sound' end

local how, salt = ARGV[3], ARGV[4]
if how == 'gone' then
  call('UNLINK', journal, changes, posts, index, texts, labels, tags, listed)
  return 'mended'
end
local at = 4
local function nextArgument()
  at = at + 1
  return ARGV[at]
end

call('UNLINK', changes, posts, index, tags, listed)
if how == 'anew' then call('UNLINK', journal) end
for _ = 1, tonumber(nextArgument()) do
  local place = nextArgument()
  call('HDEL', texts, place)
  call('HDEL', labels, place)
end
for _ = 1, tonumber(nextArgument()) do
  local offset = nextArgument()
  call('ZADD', listed, offset, offset)
end
local state, access, created, pinned, latest = nextArgument(), nextArgument(), nextArgument(), nextArgument(), nextArgument()
local revision, offset = nextArgument(), nextArgument()
call('HSET', index, own, table.concat({ revision, offset, state, access, created, pinned, latest, salt }, ' '))
call('ZADD', changes, offset, own)
for _ = 1, tonumber(nextArgument()) do
  local id, postRevision, postLast, seq = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local erased, publishedAt = nextArgument(), nextArgument()
  local marks = {}
  for _ = 1, tonumber(nextArgument()) do
    local mark = markOf(nextArgument(), salt)
    table.insert(marks, mark)
    call('ZADD', tags, 0, tagged(mark, seq))
  end
  call('ZADD', posts, seq, id)
  call('ZADD', changes, postLast, id)
  call('HSET', index, id, table.concat({ postRevision, postLast, seq, erased, publishedAt, table.concat(marks, ',') }, ' '))
end
if how == 'anew' then
  local root, number, digest, time = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local by, content, label, text = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local check = redis.sha1hex(root .. '|' .. number .. '|' .. digest)
  call('XADD', journal, number .. '-0', 'root', root, 'type', 'channel.changed', 'post', own, 'seq', '', 'revision', revision,
    'kind', '', 'at', time, 'by', by, 'listed', '', 'content', content, 'check', check)
  call('HSET', texts, field(own, revision), text)
  call('HSET', labels, field(own, revision), label)
end
return 'mended'
