-- Begins every operation that changes what is stored, and refuses it if the store has a format of a later version or is one
-- of a migration. Raises the
-- format of the store to that of this version. See store-format.ts.
-- KEYS: the last one is the format of the store · ARGV: the last one is the format of this version
-- Both are removed, so that the operation finds its own keys and arguments.
local storeFormat, ownFormat = table.remove(KEYS), tonumber(table.remove(ARGV))
local formatInStore = redis.call('GET', storeFormat) or 0
if string.find(formatInStore, '^moved:') then return redis.error_reply('STOREMOVED The data is being moved to another store.') end
if string.find(formatInStore, '^%l+:') then return redis.error_reply('STOREFILLING The store does not have all of its data yet.') end
formatInStore = tonumber(formatInStore)
if not formatInStore or formatInStore > ownFormat then
  return redis.error_reply('NEWERDATA The format of the store is ' .. tostring(formatInStore) .. ', this version knows ' .. ownFormat .. '.')
end
if formatInStore < ownFormat then redis.call('SET', storeFormat, ownFormat) end
