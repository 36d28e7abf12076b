-- Returns a page of posts, and for a snapshot also what it contains besides posts. See Journal.posts and Journal.snapshot in
-- engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] "up" or "down" · [2] exclusive lower and [3] upper bound of seq · [4] maximum number of posts, [5] of bytes
--   [6] "readers" or "authors": the view in which bytes are counted · [7] posts returned by earlier scripts, counted against [4]
--   [8] how many posts may be examined if they must have several tags · [9] number of tags, tags
--   for a snapshot then: maximum number of key events, tag of key events, tag of other published posts, tag of published summaries
-- Returns {root, offset, check, "1" if there is more or "", seq up to which posts were examined or "" if all were examined, bytes
-- left, number of posts, each as seq, label, text} and then for a snapshot
--   published posts, key events and listed entries, text of the channel, 0 or 1 and the pinned post, 0 or 1 and the summary, then
--   key events, each as id, seq, publishedAt, label
--   {"damaged"} · false if there is no such channel
local last, summary = head()
if last == false then return damaged end
if last == nil then return false end
local up, above, below = ARGV[1] == 'up', tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, left = tonumber(ARGV[4]), tonumber(ARGV[5])
local given, toExamine = tonumber(ARGV[7]), tonumber(ARGV[8])
local marks = {}
for number = 1, tonumber(ARGV[9]) do table.insert(marks, markOf(ARGV[9 + number], summary.salt)) end
local rest = 9 + #marks

-- The range of a tag's posts among all tags.
local function rangeOf(mark)
  return '[' .. tagged(mark, above + 1), '(' .. tagged(mark, below)
end

-- Examines the posts with the rarest tag and checks each for the other tags, so that a query without matches is cheap.
local totals = {}
for _, mark in ipairs(marks) do totals[mark] = call('ZLEXCOUNT', tags, rangeOf(mark)) end
table.sort(marks, function(one, other) return totals[one] < totals[other] end)

local function hasOthers(seq)
  for number = 2, #marks do
    if not call('ZSCORE', tags, tagged(marks[number], seq)) then return false end
  end
  return true
end

-- Calls `take` with the ids in order, in small batches, until `take` returns false or the data of an id is missing. Returns the
-- last seq if it stopped at the limit of posts to examine.
local chunk = 64
local isIncomplete = false
local function eachTagged(mark, hasAll, take)
  local low, high = rangeOf(mark)
  while true do
    local found = up and call('ZRANGEBYLEX', tags, low, high, 'LIMIT', 0, chunk)
      or call('ZREVRANGEBYLEX', tags, high, low, 'LIMIT', 0, chunk)
    for _, member in ipairs(found) do
      if hasAll(seqTagged(member)) then
        local id = postAt(seqTagged(member))
        isIncomplete = not id
        if isIncomplete or not take(id) then return end
      end
    end
    if #found < chunk then return end
    toExamine = toExamine - chunk
    if toExamine <= 0 then return seqTagged(found[#found]) end
    if up then low = '(' .. found[#found] else high = '(' .. found[#found] end
  end
end

local function eachPost(take)
  local skipped = 0
  while true do
    local found = up and call('ZRANGEBYSCORE', posts, '(' .. above, '(' .. below, 'LIMIT', skipped, chunk)
      or call('ZREVRANGEBYSCORE', posts, '(' .. below, '(' .. above, 'LIMIT', skipped, chunk)
    for _, id in ipairs(found) do
      if not take(id) then return end
    end
    if #found < chunk then return end
    skipped = skipped + chunk
  end
end

local answer = { last.root, last.offset, last.check, '', '', left, 0 }
local function add(...)
  for _, value in ipairs({ ... }) do table.insert(answer, value) end
end

-- The post's label, or false if it is missing.
local function labelOf(post)
  local label = post and call('HGET', labels, field(post.id, post.revision))
  isIncomplete = isIncomplete or not label
  return label
end

local function textOf(post)
  local text = call('HGET', texts, field(post.id, post.revision))
  isIncomplete = isIncomplete or not text
  return text
end

local function takeOne(id)
  local post = readPost(id)
  local label = labelOf(post)
  if not label then return false end
  local bytes, body = sizes(label)
  left = left - (ARGV[6] == 'readers' and bytes - body or bytes)
  if given > 0 and (left < 0 or given >= limit) then
    answer[4] = '1'
    return false
  end
  add(post.seq, label, textOf(post))
  given, answer[6], answer[7] = given + 1, left, answer[7] + 1
  return not isIncomplete
end
if marks[1] then answer[5] = eachTagged(marks[1], hasOthers, takeOne) or '' else eachPost(takeOne) end
if isIncomplete then return damaged end
if not ARGV[rest + 1] then return answer end

local function addOne(post)
  if not post then return add(0) end
  add(1, post.seq, labelOf(post), textOf(post))
end

local most, keyEvents, summaries = tonumber(ARGV[rest + 1]), markOf(ARGV[rest + 2], summary.salt), markOf(ARGV[rest + 4], summary.salt)
add(counts(ARGV[rest + 2], ARGV[rest + 3], summary.salt))
add(textOf({ id = own, revision = summary.revision }))
addOne(summary.pinned ~= '-' and readPost(summary.pinned) or nil)
local function always() return true end
local newestSummary
eachTagged(summaries, always, function(id)
  newestSummary = readPost(id)
  isIncomplete = isIncomplete or not newestSummary
  return false
end)
if isIncomplete then return damaged end
addOne(newestSummary)
eachTagged(keyEvents, always, function(id)
  local post = readPost(id)
  local label = labelOf(post)
  if not label then return false end
  add(id, post.seq, post.publishedAt, label)
  most = most - 1
  return most > 0
end)
return isIncomplete and damaged or answer
