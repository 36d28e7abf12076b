-- Records a node's heartbeat, and returns the nodes that count: those with a recent heartbeat. Erasures wait for these nodes. A
-- node is removed a minute after its last heartbeat.
-- KEYS: [1] nodes · for a heartbeat also [2] places of the channels by activity
-- ARGV: [1] node id, or "" to only read · [2] how long a node counts after its last heartbeat (ms)
--   for a heartbeat also [3] "again", or "" for the node's first one · [4] how long a node that is missing from the list may
--     still serve what it has read (ms) · [5] the end of the ids of nodes that keep the index of channels by activity
-- Returns the ids of the nodes that count, as they were before this heartbeat. If the list has lost nodes, for example because
-- Redis started with an older file, "others" stands for them, and counts as long as they may still serve. A heartbeat that is
-- more than a minute in the future was made before the clock was set back, and is changed to now.
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

-- The index of channels by activity is built again if a node that does not keep it may have written: one is registered, or this is
-- the first heartbeat and nobody who keeps the index was there to notice.
if KEYS[2] then
  local isVoid = ARGV[3] ~= 'again'
  for _, node in ipairs(counted) do
    if node ~= ARGV[1] and keepsIndex(node, ARGV[5]) then isVoid = false end
  end
  if isVoid or hasNonKeeper(KEYS[1], ARGV[5]) then redis.call('HDEL', KEYS[2], ':built', ':building') end
end
return counted
