-- Notes that a token is refused. See Revocations.revoke in engine.ts.
-- KEYS: [1] the registry's revoked [2] its version
-- ARGV: [1] now in milliseconds · [2] the token's jti · [3] when it lapses in milliseconds, or "inf" · [4] a fresh version
--   [5] how many are kept at most
-- Answers "revoked" or "full". The version changes also where nothing else does, so that replicas can be waited for.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local before = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not before and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then return 'full' end
if not before or (before ~= 'inf' and (ARGV[3] == 'inf' or tonumber(ARGV[3]) > tonumber(before))) then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
end
redis.call('SET', KEYS[2], ARGV[4])
return 'revoked'
