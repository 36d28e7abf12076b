-- Deletes a channel. The erasure is pending until no file contains data of the channel. See Journal.deleteChannel in engine.ts.
-- KEYS: [1]–[11] the keys of the channel · [12] the request · [13] the channel's requests by time · [14] channels by activity
-- [15] their places · [16] the server's own journal
-- ARGV: [1] now (ms), [2] how long requests are kept (ms) · [3] fingerprint of the request · [4] its salt
--   [5] epoch, [6] offset, [7] short check of the position at which the channel must be, or "" for any
--   [8] a new root of the server's own journal · [9] an entry for it, as in server-journal.lua
-- Returns "deleted" · "was-deleted" · "missing" · "moved"
if call('EXISTS', deleted) == 1 then return 'was-deleted' end
-- A damaged channel can be deleted too. If its access is lost, it counts as "desk", so that strangers learn nothing.
local last = head()
if last == nil then return 'missing' end
if ARGV[5] ~= '' then
  local place = last and { string.sub(last.root, 1, 12), tostring(last.offset), string.sub(last.check, 1, 16) } or {}
  for at = 1, 3 do
    if place[at] ~= ARGV[4 + at] then return 'moved' end
  end
end
local summary = readSummary()
call('SET', deleted, summary and summary.access or 'desk')
call('UNLINK', journal, changes, posts, index, texts, labels, tags, listed, pendingErasures, notes)
call('ZADD', pendingErasures, 0, own)
-- The deletion's own request gets its TTL below. The other requests of the channel get theirs in steps (end-requests.lua).
call('ZREM', KEYS[13], requestId())
call('SET', KEYS[12], table.concat({ ARGV[1], ARGV[3], own, 0, 0, '-', '-', ARGV[4] }, ' '), 'PX', ARGV[2])
placeByActivity(KEYS[14], KEYS[15], nil)
appendToServerJournal(KEYS[16], ARGV[8], 9)
return 'deleted'
