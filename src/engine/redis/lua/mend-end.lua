-- Ends the mending of a channel: from here on it is whole, with all its parts as they were written, or gone.
-- KEYS: those of the channel, then [12] who mends it.
-- ARGV: [1] who does · [2] the journal's last offset or 0, as it stood when it was decided · [3] how: "gone": nothing can be shown, what
--   remains is taken away · "derived": the journal is whole, and all else but the texts was made from it again · "anew": a history begins
--   · then, but not for "gone": [4] the salt of tags · [5] state, access, created, pinned id or "-", latestPostAt or "-", revision and
--   last of the channel
--   and for "anew": [12] root, offset, digest, at, by, content, label, text of the first entry, by which the channel has its revision
-- Answers "mended" · "lost": it is another that mends it, or what it was decided on does not stand
if call('GET', KEYS[12]) ~= ARGV[1] or not call('ZSCORE', changes, 'mending') then return 'lost' end
local newest = call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
if (newest and toEntry(newest).offset or 0) ~= tonumber(ARGV[2]) then return 'lost' end
call('UNLINK', KEYS[12])

local how, salt = ARGV[3], ARGV[4]
if how == 'gone' then
  call('UNLINK', journal, changes, posts, index, texts, labels, tags, listed)
  return 'mended'
end
local state, access, created, pinned, latest, revision, last = unpack(ARGV, 5, 11)
call('HSET', index, own, table.concat({ revision, last, state, access, created, pinned, latest, salt }, ' '))
call('ZADD', changes, last, own)
call('ZREM', changes, 'mending', 'highest')
if how == 'anew' then
  local root, offset, digest, time, by, content, label, text = unpack(ARGV, 12, 19)
  local check = redis.sha1hex(root .. '|' .. offset .. '|' .. digest)
  call('UNLINK', journal, listed)
  call('XADD', journal, offset .. '-0', 'root', root, 'type', 'channel.changed', 'post', own, 'seq', '', 'revision', revision,
    'kind', '', 'at', time, 'by', by, 'listed', '', 'content', content, 'check', check)
  call('HSET', texts, field(own, revision), text)
  call('HSET', labels, field(own, revision), label)
end
return 'mended'
