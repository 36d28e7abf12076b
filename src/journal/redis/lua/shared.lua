-- What every operation on a channel begins with.
-- KEYS[1] to KEYS[11]: the keys of one channel, in the order of keys.ts. What each holds is told there. Where a request comes in, KEYS[12]
-- is the request's and KEYS[13] holds the channel's requests by time.
local journal, changes, posts, index, texts, labels, tags, listed, pendingErasures, deleted, notes = unpack(KEYS)
local call = redis.call

-- Stands for the channel itself where posts stand by their ids.
local own = 'channel'

-- Why an operation was not carried out: what is kept contradicts itself, and is to be repaired first.
local damaged = { 'damaged' }

-- An entry from its place in the stream: the fields are always written in this order, the last one only where the entry erased.
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

-- The channel's line in the index, nil where there is none.
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

-- The last entry, and the channel's line. Nil: there is no such channel. False: what is kept contradicts itself. Costs the same however
-- long the journal is.
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
  -- An index of another time has another line of what changed last, or none.
  if string.match(call('HGET', index, who) or '', '^%d+ (%d+)') ~= top then return false end
  if call('HLEN', index) ~= members + 1 or call('ZCARD', changes) ~= members + 1 then return false end
  local revisions = call('HLEN', texts)
  if revisions ~= call('HLEN', labels) or revisions < members + 1 then return false end
  if call('ZCARD', tags) < members then return false end
  return entry, summary
end

-- A post's line in the index, nil where there is none.
local function readPost(id)
  local line = call('HGET', index, id)
  if not line then return nil end
  local revision, last, seq, erased, publishedAt, marks = string.match(line, '^(%d+) (%d+) (%d+) (%d+) (%S+) (%S*)$')
  return {
    id = id, revision = tonumber(revision), last = tonumber(last), seq = tonumber(seq), erased = tonumber(erased),
    publishedAt = publishedAt, marks = marks,
  }
end

-- Where a revision's text stands.
local function field(who, revision)
  return who .. ':' .. revision
end

-- A tag as it is kept: what it says can be neither read nor guessed from it.
local function markOf(tag, salt)
  return string.sub(redis.sha1hex(salt .. '|' .. tag), 1, 16)
end

-- A post's place among those that have a tag. Before seq stands how many digits it has, as a letter, so that the order of bytes is that
-- of numbers.
local function tagged(mark, seq)
  local digits = string.format('%d', seq)
  return mark .. string.char(96 + #digits) .. digits
end

-- The seq of the post that stands there.
local function seqTagged(member)
  return tonumber(string.sub(member, 18))
end

-- The id of the post that was published at that offset, nil where there is none.
local function postAt(seq)
  return call('ZRANGEBYSCORE', posts, seq, seq)[1]
end

-- What erases the fingerprint of a request when it goes: the label of what it made, or for a noted one the channel's secret.
local function sealOf(request)
  local who, revision, salt = string.match(request, '^%d+ %S+ (%S+) (%d+) %d+ %S+ %S+ (%S+)$')
  if string.sub(salt, 1, 5) == 'note:' then return call('GET', notes) end
  return call('HGET', labels, field(who, revision))
end

-- Bytes of a revision as JSON in the author's view, and of its body therein.
local function sizes(label)
  local bytes, body = string.match(label, '^(%d+) (%d+) ')
  return tonumber(bytes), tonumber(body)
end

-- What the keys of the channel's requests begin with.
local function requestPrefix()
  return string.sub(KEYS[13], 1, -2) .. ':'
end

local function requestId()
  return string.sub(KEYS[12], #requestPrefix() + 1)
end

-- Takes away up to `most` requests that were remembered at or before a time. Answers how many.
local function forgetRequests(before, most)
  local old = call('ZRANGEBYSCORE', KEYS[13], '-inf', before, 'LIMIT', 0, most)
  for _, id in ipairs(old) do
    call('UNLINK', requestPrefix() .. id)
    call('ZREM', KEYS[13], id)
  end
  return #old
end

-- What is remembered of the request at a time of its clock, false where that is nothing or too old. What an earlier version remembered has
-- no time there, and ends by itself.
local function remembered(at, kept)
  local known = call('GET', KEYS[12])
  local since = known and call('ZSCORE', KEYS[13], requestId())
  if since and tonumber(since) <= at - kept then return false end
  return known
end

-- Remembers a line for the request. It has no end, which would be by Redis' system clock: `sweep` that are too old go with each that is added.
local function remember(line, at, kept, sweep)
  call('SET', KEYS[12], line)
  call('ZADD', KEYS[13], at, requestId())
  forgetRequests(at - kept, sweep)
end
