-- Appends one or two entries, both or neither. See Journal.append in engine.ts.
-- KEYS: [1]–[11] the keys of the channel · [12] the request · [13] the channel's requests by time · [14] channels by activity
-- [15] their places · [16] the server's own journal · [17] the request that is its fence, if it has one
-- ARGV: [1] now (ms), [2] request clock (ms), [3] how long requests are kept (ms) · [4] how many expired requests to delete
--   [5] fingerprint of the request · [6] a new root, used if there is no channel yet
--   [7] lastDateBindsUntil (see AppendRequest in engine.ts), or "" · [8] expected revision of the channel
--   [9] tag of key events · [10] tag of other published posts
--   [11] number of expected posts, each as id, expected revision · number of entries, each as
--   type, post id or "channel", revision, kind or "", at, by, "1" if listed or "", content, digest, label, text, last erased
--     revision that the hash chain covers or "", and then
--   for a post: publishedAt, last revision to erase, number of tags, tags · for the channel: state, access, created (ms), pinned
--     id or "-"
--   and at the end a new root of the server's own journal, and its entries as in server-journal.lua
-- Returns {"appended", root, then for each entry: offset, before, check, seq, published posts, key events, listed entries}
--   {"duplicate", request, its seal or false}
--   {"conflict", id or "channel", …} · {"earlier", date of the last entry} · {"deleted"} · {"forbidden"}
--   {"no-channel"} · {"damaged"}
-- All checks precede the first write, because a script cannot be rolled back. The first write is XADD with an explicit id, which
-- fails if an entry with that offset exists or ever existed.
local requestAt, kept = tonumber(ARGV[2]), tonumber(ARGV[3])

local known = remembered(requestAt, kept)
if known then return { 'duplicate', known, sealOf(known) } end
if call('EXISTS', deleted) == 1 then return { 'deleted' } end
if KEYS[17] and call('EXISTS', KEYS[17]) == 1 then return { 'forbidden' } end
local last, summary = head()
-- A new channel cannot take the id of a damaged one.
if last == false then return tonumber(ARGV[8]) == 0 and { 'conflict', own } or damaged end

local at = 11
local function nextArgument()
  at = at + 1
  return ARGV[at]
end

local existing = {}
local moved = { 'conflict' }
if (summary and summary.revision or 0) ~= tonumber(ARGV[8]) then table.insert(moved, own) end
for _ = 1, tonumber(ARGV[11]) do
  local id, revision = nextArgument(), tonumber(nextArgument())
  local post = readPost(id)
  existing[id] = post
  if (post and post.revision or 0) ~= revision then table.insert(moved, id) end
end
if #moved > 1 then return moved end

local count = tonumber(nextArgument())
if not last and ARGV[at + 2] ~= own then return { 'no-channel' } end

-- Compared as strings: all dates are in UTC, with milliseconds.
if last and last.at > ARGV[at + 5] and last.at <= ARGV[7] then return { 'earlier', last.at } end

local offset, check = 0, ARGV[6]
local root = ARGV[6]
if last then offset, check, root = last.offset, last.check, last.root end
local answer = { 'appended', root }

local function storeChannel(revision)
  local latest, salt = '-', root
  if summary then latest, salt = summary.latest, summary.salt end
  local state, access, created, pinned = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  summary = { revision = revision, last = offset, state = state, access = access, created = created, pinned = pinned,
    latest = latest, salt = salt }
end

local function summaryLine()
  return table.concat({ summary.revision, summary.last, summary.state, summary.access, summary.created, summary.pinned, summary.latest, summary.salt }, ' ')
end

local function retag(post, wanted)
  local had = {}
  for mark in string.gmatch(post.marks, '[^,]+') do
    had[mark] = true
    if not wanted[mark] then call('ZREM', tags, tagged(mark, post.seq)) end
  end
  local marks, places = {}, {}
  for mark in pairs(wanted) do
    table.insert(marks, mark)
    if not had[mark] then
      table.insert(places, 0)
      table.insert(places, tagged(mark, post.seq))
    end
  end
  if #places > 0 then call('ZADD', tags, unpack(places)) end
  table.sort(marks)
  post.marks = table.concat(marks, ',')
end

-- Stores the post's tags and erasure. Returns its line in the index.
local function storePost(id, revision, post)
  if not post then
    post = { id = id, seq = offset, erased = 0, marks = '' }
    call('ZADD', posts, offset, id)
  end
  local publishedAt, through = nextArgument(), tonumber(nextArgument())
  if post.seq == offset then summary.latest = publishedAt end
  local wanted = {}
  for _ = 1, tonumber(nextArgument()) do wanted[markOf(nextArgument(), summary.salt)] = true end
  retag(post, wanted)
  if through > 0 then
    -- An erasure never includes the entry's own revision.
    through = math.min(through, revision - 1)
    for past = post.erased + 1, through do
      call('HDEL', texts, field(id, past))
      call('HDEL', labels, field(id, past))
    end
    post.erased = math.max(post.erased, through)
    call('ZADD', pendingErasures, offset, id)
  end
  return table.concat({ revision, offset, post.seq, post.erased, publishedAt, post.marks }, ' ')
end

local firstWho, firstRevision
for number = 1, count do
  local before = check
  local kind, who, revision = nextArgument(), nextArgument(), tonumber(nextArgument())
  local change, time, by, list = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local content, digest, label, text = nextArgument(), nextArgument(), nextArgument(), nextArgument()
  local erasure = nextArgument()
  offset = offset + 1
  check = redis.sha1hex(before .. '|' .. offset .. '|' .. digest)
  local post = who ~= own and (number == 1 and existing[who] or readPost(who)) or nil
  local seq = who == own and '' or (post and post.seq or offset)
  local fields = { 'root', root, 'type', kind, 'post', who, 'seq', seq, 'revision', revision, 'kind', change, 'at', time, 'by', by,
    'listed', list, 'content', content, 'check', check }
  if erasure ~= '' then
    table.insert(fields, 'erases')
    table.insert(fields, erasure)
  end
  local added = redis.pcall('XADD', journal, offset .. '-0', unpack(fields))
  if type(added) == 'table' then
    -- An entry with this offset existed. It was removed, together with everything that mentioned it, so the channel is damaged.
    return string.find(added.err, 'equal or smaller', 1, true) and damaged or added
  end
  call('HSET', texts, field(who, revision), text)
  call('HSET', labels, field(who, revision), label)
  call('ZADD', changes, offset, who)
  if list == '1' then call('ZADD', listed, offset, offset) end
  if who == own then
    storeChannel(revision)
    call('HSET', index, own, summaryLine())
  else
    local line = storePost(who, revision, post)
    call('HSET', index, who, line, own, summaryLine())
  end
  if number == 1 then firstWho, firstRevision = who, revision end
  for _, value in ipairs({ offset, before, check, seq, counts(ARGV[9], ARGV[10], summary.salt) }) do table.insert(answer, value) end
end
placeByActivity(KEYS[14], KEYS[15], summary)
appendToServerJournal(KEYS[16], ARGV[at + 1], at + 2)
local line = { ARGV[1], ARGV[5], firstWho, firstRevision, offset, string.sub(root, 1, 12), string.sub(check, 1, 16), '-' }
remember(table.concat(line, ' '), requestAt, kept, ARGV[4])
return answer
