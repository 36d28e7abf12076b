-- Returns the revoked tokens, if any were added since the last read.
-- KEYS: [1] revoked tokens · [2] their version
-- ARGV: [1] the version that was read last, or "?"
-- Returns false if nothing changed, otherwise {version, jti, expiry, jti, ...}, with expiries in ms or "inf".
local version = redis.call('GET', KEYS[2]) or ''
if version == ARGV[1] then return false end
local answer = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
table.insert(answer, 1, version)
return answer
