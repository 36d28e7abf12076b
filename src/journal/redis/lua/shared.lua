-- Shared by all operations on a channel.
-- KEYS: [1]–[11] the keys of one channel, in the order of keys.ts, which describes them. Operations for a request also have [12]
-- the request and [13] the channel's requests by time.
local journal, changes, posts, index, texts, labels, tags, listed, pendingErasures, deleted, notes = unpack(KEYS)
local call = redis.call

-- Stands for the channel in places that otherwise hold a post id.
local own = 'channel'

-- The reply if the operation is refused, because the keys contradict each other and must be repaired first.
local damaged = { 'damaged' }

-- Decodes an entry of the stream. Fields are always in this order. The last one exists only if the entry erased.
local function toEntry(found)
  local f = found[2]
  return {
    offset = tonumber(string.match(found[1], '^%d+')), root = f[2], type = f[4], who = f[6], seq = tonumber(f[8]),
    revision = tonumber(f[10]), kind = f[12], at = f[14], by = f[16], content = f[20], check = f[22], erases = f[24] or '',
  }
end

local function entryAt(offset)
  local found = call('XRANGE', journal, offset .. '-0', offset .. '-0')[1]
  return found and toEntry(found)
end

-- The channel's line in the index, or nil.
local function readSummary()
  local line = call('HGET', index, own)
  if not line then return nil end
  local revision, last, state, access, created, pinned, latest, salt =
    string.match(line, '^(%d+) (%d+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  return {
    revision = tonumber(revision), last = tonumber(last), state = state, access = access, created = created,
    pinned = pinned, latest = latest, salt = salt,
  }
end

-- Returns the last entry and the channel's line in the index. Nil: there is no such channel. False: the keys contradict each
-- other. The cost does not depend on the length of the journal.
local function head()
  local last = call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
  if not last then
    if call('EXISTS', changes, posts, index, texts, labels, tags, listed) == 0 then return nil end
    return false
  end
  local entry = toEntry(last)
  local who, top = unpack(call('ZREVRANGE', changes, 0, 0, 'WITHSCORES'))
  local members = call('ZCARD', posts)
  local summary = readSummary()
  if tonumber(top or -1) ~= entry.offset or not summary then return false end
  -- An index from another time has a different line for the last change, or none.
  if string.match(call('HGET', index, who) or '', '^%d+ (%d+)') ~= top then return false end
  if call('HLEN', index) ~= members + 1 or call('ZCARD', changes) ~= members + 1 then return false end
  local revisions = call('HLEN', texts)
  if revisions ~= call('HLEN', labels) or revisions < members + 1 then return false end
  if call('ZCARD', tags) < members then return false end
  return entry, summary
end

-- A post's line in the index, or nil.
local function readPost(id)
  local line = call('HGET', index, id)
  if not line then return nil end
  local revision, last, seq, erased, publishedAt, marks = string.match(line, '^(%d+) (%d+) (%d+) (%d+) (%S+) (%S*)$')
  return {
    id = id, revision = tonumber(revision), last = tonumber(last), seq = tonumber(seq), erased = tonumber(erased),
    publishedAt = publishedAt, marks = marks,
  }
end

-- The place of a revision's text.
local function field(who, revision)
  return who .. ':' .. revision
end

-- The stored form of a tag: a salted hash, so that its text cannot be read or guessed.
local function markOf(tag, salt)
  return string.sub(redis.sha1hex(salt .. '|' .. tag), 1, 16)
end

-- A post's place among the posts with a tag. The number of digits precedes seq as a letter, so that byte order is numeric order.
local function tagged(mark, seq)
  local digits = string.format('%d', seq)
  return mark .. string.char(96 + #digits) .. digits
end

-- The seq of the post at a place.
local function seqTagged(member)
  return tonumber(string.sub(member, 18))
end

-- How many posts have a tag.
local function countTagged(mark)
  return call('ZLEXCOUNT', tags, '[' .. mark, '(' .. mark .. '~')
end

-- Returns the number of published posts, of key events among them and of listed entries, as they stand now. The indexes are
-- counted, so nothing else is stored, and a repair of the indexes repairs the counts. The cost does not depend on the number of
-- posts. `keyEvent` and `other` are the tags of published posts that are key events and of those that are not.
local function counts(keyEvent, other, salt)
  local keyEvents = countTagged(markOf(keyEvent, salt))
  return keyEvents + countTagged(markOf(other, salt)), keyEvents, call('ZCARD', listed)
end

-- The id of the post that was published at an offset, or nil.
local function postAt(seq)
  return call('ZRANGEBYSCORE', posts, seq, seq)[1]
end

-- The seal of a request: what its fingerprint was made with. Once the seal is erased, the fingerprint reveals nothing. The seal
-- is the label of the revision that the request made, or for a noted request the channel's secret.
local function sealOf(request)
  local who, revision, salt = string.match(request, '^%d+ %S+ (%S+) (%d+) %d+ %S+ %S+ (%S+)$')
  if string.sub(salt, 1, 5) == 'note:' then return call('GET', notes) end
  return call('HGET', labels, field(who, revision))
end

-- Returns the bytes of a revision as JSON in the author's view, and how many of them are its body.
local function sizes(label)
  local bytes, body = string.match(label, '^(%d+) (%d+) ')
  return tonumber(bytes), tonumber(body)
end

-- Prefix of the keys of the channel's requests.
local function requestPrefix()
  return string.sub(KEYS[13], 1, -2) .. ':'
end

local function requestId()
  return string.sub(KEYS[12], #requestPrefix() + 1)
end

-- Deletes up to `most` requests that were remembered at or before a time. Returns how many.
local function forgetRequests(before, most)
  local old = call('ZRANGEBYSCORE', KEYS[13], '-inf', before, 'LIMIT', 0, most)
  for _, id in ipairs(old) do
    call('UNLINK', requestPrefix() .. id)
    call('ZREM', KEYS[13], id)
  end
  return #old
end

-- The record of the request at a time of the request clock, or false if there is none or it has expired. A record that an earlier
-- version made has no time in KEYS[13] and expires by its TTL.
local function remembered(at, kept)
  local known = call('GET', KEYS[12])
  local since = known and call('ZSCORE', KEYS[13], requestId())
  if since and tonumber(since) <= at - kept then return false end
  return known
end

-- Stores a record for the request. It has no TTL, which would follow Redis' system clock. Each call deletes up to `sweep` expired
-- records.
local function remember(line, at, kept, sweep)
  call('SET', KEYS[12], line)
  call('ZADD', KEYS[13], at, requestId())
  forgetRequests(at - kept, sweep)
end
