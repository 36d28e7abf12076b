-- Which commands the user may not use.
-- KEYS: [1] the key on which they would be used
-- ARGV: commands, with a bar before what else belongs to their name
-- Answers those of them. One that the server does not know is passed over, since nobody has a right to it.

-- From many arguments to none: Redis tells of no right where there are more or fewer than a command has, and Valkey 8.1 ends where keys are missing.
local most = 5

local function may(name)
  local words = {}
  for word in string.gmatch(name, '[^|]+') do table.insert(words, word) end
  local length = #words
  for _ = 1, most do table.insert(words, KEYS[1]) end
  for last = #words, length, -1 do
    local answered, permitted = pcall(redis.acl_check_cmd, unpack(words, 1, last))
    if answered then return permitted end
  end
  return true
end

local lacking = {}
for _, name in ipairs(ARGV) do
  if not may(name) then table.insert(lacking, name) end
end
return lacking
