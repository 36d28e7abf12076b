-- A node's heartbeat. Nodes are forgotten a minute after their last.
-- KEYS: [1] the registry's nodes
-- ARGV: [1] the node's id, or "" to ask only · [2] milliseconds after its last heartbeat for which a node counts
--   of a heartbeat also [3] "again", or "" for the node's first · [4] milliseconds for which nodes that were lost here may give out something
-- Answers the ids of the nodes that count. Where nodes were lost, as with an older file, `others` stands for them and counts for as long as
-- they may go on. Heartbeats more than a minute ahead are of before the clock was set back: they count from now.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local since = now - tonumber(ARGV[2])
local counted = redis.call('ZRANGEBYSCORE', KEYS[1], since, '+inf')
if ARGV[1] == '' then return counted end

local areLost = #counted == 0 and redis.call('EXISTS', KEYS[1]) == 1
if ARGV[3] == 'again' then areLost = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0) < since end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
local ahead = redis.call('ZRANGEBYSCORE', KEYS[1], now + 60001, '+inf')
for _, node in ipairs(ahead) do redis.call('ZADD', KEYS[1], now, node) end
if areLost then redis.call('ZADD', KEYS[1], since + tonumber(ARGV[4]), 'others') end
redis.call('ZADD', KEYS[1], now, ARGV[1])
return counted
