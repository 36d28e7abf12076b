-- Shared by operations on the state of the index of channels by activity. See activity-index.ts.

-- `keeper`: the end of the ids of nodes that keep the index.
local function keepsIndex(node, keeper)
  return string.sub(node, -#keeper) == keeper
end

-- Whether a node is registered that does not keep the index.
local function hasNonKeeper(nodes, keeper)
  for _, node in ipairs(redis.call('ZRANGE', nodes, 0, -1)) do
    if node ~= 'others' and not keepsIndex(node, keeper) then return true end
  end
  return false
end

-- Whether the index and the hash of its places have the same size. They differ if one of them was deleted by hand.
local function haveSameSize(activity, places)
  local channels = redis.call('HLEN', places)
  for _, mark in ipairs({ ':built', ':building' }) do
    if redis.call('HGET', places, mark) then channels = channels - 1 end
  end
  return redis.call('ZCARD', activity) == channels
end
