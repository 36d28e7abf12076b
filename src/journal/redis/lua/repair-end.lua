-- Ends the repair of a channel. Servers then serve the channel again.
-- KEYS: [1]–[11] the keys of the channel · [12] the process that repairs it · [13] channels by activity · [14] their
-- places
-- ARGV: [1] the process that ends the repair · [2] last offset of the journal when the repair was planned, or 0 · [3] salt of
-- tags
--   [4] state, access, created (ms), pinned id or "-", latestPostAt or "-", revision and last offset of the channel
--   for a new history: [11] root, offset, digest, at, by, content, label, text of its first entry, which makes the channel's
--     revision
-- Returns "repaired" · "lost": another process repairs it, it was deleted, or the journal is not as planned
if call('GET', KEYS[12]) ~= ARGV[1] or not call('ZSCORE', changes, 'mending') then return 'lost' end
local newest = call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
if (newest and toEntry(newest).offset or 0) ~= tonumber(ARGV[2]) then return 'lost' end
call('UNLINK', KEYS[12])

local salt, state, access, created, pinned, latest, revision, last = unpack(ARGV, 3, 10)
call('HSET', index, own, table.concat({ revision, last, state, access, created, pinned, latest, salt }, ' '))
call('ZADD', changes, last, own)
call('ZREM', changes, 'mending', 'highest')
if ARGV[11] then
  local root, offset, digest, time, by, content, label, text = unpack(ARGV, 11, 18)
  local check = redis.sha1hex(root .. '|' .. offset .. '|' .. digest)
  call('UNLINK', journal, listed)
  call('XADD', journal, offset .. '-0', 'root', root, 'type', 'channel.changed', 'post', own, 'seq', '', 'revision', revision,
    'kind', '', 'at', time, 'by', by, 'listed', '', 'content', content, 'check', check)
  call('HSET', texts, field(own, revision), text)
  call('HSET', labels, field(own, revision), label)
end
placeByActivity(KEYS[13], KEYS[14], readSummary())
return 'repaired'
