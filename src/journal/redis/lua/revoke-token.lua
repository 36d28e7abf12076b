-- Revokes a token. See Revocations.revoke and Revocations.spend in engine.ts.
-- KEYS: [1] revoked tokens · [2] their version · [3] the server's own journal
-- ARGV: [1] now (ms) · [2] jti · [3] when the revocation expires (ms), or "inf" · [4] a new version
--   [5] maximum number of revocations · [6] a new root of the server's own journal · [7] an entry for it, as in
--     server-journal.lua
-- Returns "revoked", "again" if it was revoked before, or "full". At the bound, the revocation that expired first is removed. The
-- version changes even if nothing else does, so that there is a write for replicas to acknowledge.
local before = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not before and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then
  local lapsed = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)
  if not lapsed[1] then return 'full' end
  redis.call('ZREM', KEYS[1], lapsed[1])
end
if not before or (before ~= 'inf' and (ARGV[3] == 'inf' or tonumber(ARGV[3]) > tonumber(before))) then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
  appendToServerJournal(KEYS[3], ARGV[6], 7)
end
redis.call('SET', KEYS[2], ARGV[4])
return before and 'again' or 'revoked'
