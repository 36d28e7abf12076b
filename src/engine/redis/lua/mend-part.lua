-- Writes a part of what a channel that is being mended has: little enough that nobody waits for it.
-- KEYS: those of the channel, then [12] who mends it.
-- ARGV: [1] who does · [2] the highest offset that may have been given out, or 0 · [3] the salt of tags
--   how many ids of posts follow that are taken from the index, ids · how many places of revisions that are taken away, places
--   how many offsets of listed entries, offsets
--   how many posts, each as id, revision, last, seq, erased, publishedAt, how many tags follow, tags
-- Answers "written" · "lost": it is another that mends it, or there is nothing more to be mended
if call('GET', KEYS[12]) ~= ARGV[1] or not call('ZSCORE', changes, 'mending') then return 'lost' end
local salt = ARGV[3]
local at = 3
local function nextArgument()
  at = at + 1
  return ARGV[at]
end

-- Before the lines that tell of it are taken away: who begins anew is to know of it too.
call('ZADD', changes, ARGV[2], 'highest')
for _ = 1, tonumber(nextArgument()) do call('HDEL', index, nextArgument()) end
for _ = 1, tonumber(nextArgument()) do
  local place = nextArgument()
  call('HDEL', texts, place)
  call('HDEL', labels, place)
end
for _ = 1, tonumber(nextArgument()) do
  local offset = nextArgument()
  call('ZADD', listed, offset, offset)
end
for _ = 1, tonumber(nextArgument()) do
  local id, revision, last, seq = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local erased, publishedAt = nextArgument(), nextArgument()
  local marks, places = {}, {}
  for _ = 1, tonumber(nextArgument()) do
    local mark = markOf(nextArgument(), salt)
    table.insert(marks, mark)
    table.insert(places, 0)
    table.insert(places, tagged(mark, seq))
  end
  call('ZADD', tags, unpack(places))
  call('ZADD', posts, seq, id)
  call('ZADD', changes, last, id)
  call('HSET', index, id, table.concat({ revision, last, seq, erased, publishedAt, table.concat(marks, ',') }, ' '))
end
return 'written'
