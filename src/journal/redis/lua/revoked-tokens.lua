-- The tokens that are refused, where something was added since they were read last.
-- KEYS: [1] the registry's revoked [2] its version
-- ARGV: [1] the version that was read last, or "?"
-- Answers false where nothing changed, else {version, jti, when it lapses, jti, ...}, the times in milliseconds or "inf".
local version = redis.call('GET', KEYS[2]) or ''
if version == ARGV[1] then return false end
local answer = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
table.insert(answer, 1, version)
return answer
