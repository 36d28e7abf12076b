-- A node's heartbeat. Nodes are forgotten a minute after their last.
-- KEYS: [1] the registry's nodes
-- ARGV: [1] the node's id, or "" to ask only · [2] milliseconds after its last heartbeat for which a node counts
--   [3] "new" where the node knows that it need not be known here, or "": then it is heard of only where it is, so that one that was lost
--   with others cannot be there again without having noticed
-- Answers the ids of the nodes that counted until now, and that of one that is new. Heartbeats more than a minute ahead are of before the
-- clock was set back: they count from now.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local counted = redis.call('ZRANGEBYSCORE', KEYS[1], now - tonumber(ARGV[2]), '+inf')
if ARGV[1] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
  local ahead = redis.call('ZRANGEBYSCORE', KEYS[1], now + 60001, '+inf')
  for _, node in ipairs(ahead) do redis.call('ZADD', KEYS[1], now, node) end
  if ARGV[3] == 'new' then table.insert(counted, ARGV[1]) end
  if ARGV[3] == 'new' or redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('ZADD', KEYS[1], now, ARGV[1]) end
end
return counted
