-- Erases a channel, which stays owed until the files hold it no more. See Journal.deleteChannel in engine.ts.
-- KEYS: those of the channel, then [12] the request's and [13] the channel's requests by time; [14] the registry's server journal.
-- ARGV: [1] now and [2] how long requests are kept, both in milliseconds · [3] fingerprint of the request · [4] the salt of that
--   [5] a fresh root of the server's own journal · [6] an entry for it, as in server-journal.lua
-- Answers "deleted" · "was-deleted" · "missing"
if call('EXISTS', deleted) == 1 then return 'was-deleted' end
-- A damaged channel can be deleted, too; where its access is lost with it, it is none of a stranger's business.
if head() == nil then return 'missing' end
local summary = readSummary()
call('SET', deleted, summary and summary.access or 'desk')
call('UNLINK', journal, changes, posts, index, texts, labels, tags, listed, pendingErasures, notes)
call('ZADD', pendingErasures, 0, own)
-- Its other requests are given an end in steps (end-requests.lua).
call('ZREM', KEYS[13], requestId())
call('SET', KEYS[12], table.concat({ ARGV[1], ARGV[3], own, 0, 0, '-', '-', ARGV[4] }, ' '), 'PX', ARGV[2])
appendToServerJournal(KEYS[14], ARGV[5], 6)
return 'deleted'
