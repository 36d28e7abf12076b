-- Notes that a token is refused. See Revocations.revoke in engine.ts.
-- KEYS: [1] the registry's revoked [2] its version [3] the registry's server journal
-- ARGV: [1] now in milliseconds · [2] the token's jti · [3] when it lapses in milliseconds, or "inf" · [4] a fresh version
--   [5] how many are kept at most · [6] a fresh root of the server's own journal · [7] an entry for it, as in server-journal.lua
-- Answers "revoked" or "full". At the bound the one that lapsed first makes room. The version changes also where nothing else does, so
-- that replicas can be waited for.
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
return 'revoked'
