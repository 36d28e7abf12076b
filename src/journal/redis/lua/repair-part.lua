-- Writes a part of what a channel that is being repaired has: so little that nobody waits long behind it.
-- KEYS: those of the channel, then [12] who repairs it.
-- ARGV: [1] who does · [2] the highest offset that may have been given out, or 0 · [3] the salt of tags
--   how many posts whose erased text is erased again, each as id, how many places follow, places
--   how many posts that are taken from the index, each as id, how many places of its texts follow, places
--   how many places of revisions whose text and label are taken away, places
--   how many places of revisions whose label is written, each followed by the label
--   how many offsets of listed entries, offsets
--   how many posts, each as id, revision, last, seq, erased, publishedAt, how many tags follow, tags
-- Answers "written" · "lost": another repairs it, or it was deleted
if call('GET', KEYS[12]) ~= ARGV[1] or not call('ZSCORE', changes, 'mending') then return 'lost' end
local salt = ARGV[3]
local at = 3
local function nextArgument()
  at = at + 1
  return ARGV[at]
end

-- Before the lines that tell of it are taken away: who begins again is to know of it too.
call('ZADD', changes, ARGV[2], 'highest')
local function removeTexts()
  for _ = 1, tonumber(nextArgument()) do
    local place = nextArgument()
    call('HDEL', texts, place)
    call('HDEL', labels, place)
  end
end
-- The erasure is owed from the moment at which the text is gone, and all text of a post goes at once. A server that finds the debt any
-- earlier would settle it with a file that still has the text. The debt is after every offset that was given out, and before the next: a
-- server that is finishing an earlier one of the post does not settle it.
for _ = 1, tonumber(nextArgument()) do
  local who = nextArgument()
  removeTexts()
  call('ZADD', pendingErasures, ARGV[2] + 0.5, who)
end
-- The texts go with the line. Otherwise a repair that begins again would make a post of an earlier revision.
for _ = 1, tonumber(nextArgument()) do
  call('HDEL', index, nextArgument())
  removeTexts()
end
removeTexts()
for _ = 1, tonumber(nextArgument()) do
  local place = nextArgument()
  call('HSET', labels, place, nextArgument())
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
