-- Writes a part of a channel under repair, small enough that other clients do not wait long.
-- KEYS: [1]–[11] the keys of the channel · [12] the process that repairs it
-- ARGV: [1] the process that writes · [2] highest offset that may have been assigned, or 0 · [3] salt of tags
--   number of posts whose erased text is erased again, each as id, number of places, places
--   number of posts to remove from the index, each as id, number of places of its texts, places
--   number of places whose text and label are removed, places
--   number of places whose label is written, each followed by the label
--   number of offsets of listed entries, offsets
--   number of posts, each as id, revision, last, seq, erased, publishedAt, number of tags, tags
-- Returns "written" · "lost": another process repairs it, or it was deleted
if call('GET', KEYS[12]) ~= ARGV[1] or not call('ZSCORE', changes, 'mending') then return 'lost' end
local salt = ARGV[3]
local at = 3
local function nextArgument()
  at = at + 1
  return ARGV[at]
end

-- Write this offset before the lines that mention it are removed. If this repair is interrupted, the next one still knows it.
call('ZADD', changes, ARGV[2], 'highest')
local function removeTexts()
  for _ = 1, tonumber(nextArgument()) do
    local place = nextArgument()
    call('HDEL', texts, place)
    call('HDEL', labels, place)
  end
end
-- An erasure becomes pending in the same step that removes the text, and all text of a post is removed at once. If it were
-- pending earlier, a server could complete it with a file that still has the text. Its score is above every offset that was
-- assigned and below the next one, so that a server which completes an earlier erasure of the post does not complete this one.
for _ = 1, tonumber(nextArgument()) do
  local who = nextArgument()
  removeTexts()
  call('ZADD', pendingErasures, ARGV[2] + 0.5, who)
end
-- Texts are removed with the line. Otherwise a repeated repair would restore the post at an earlier revision.
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
