-- Finds the commands that the user may not run.
-- KEYS: [1] the key to use with the commands
-- ARGV: commands, with a bar between a command and its subcommand
-- Returns the commands that the user may not run. Leaves out commands that the server does not know, because nobody can have a
-- right to them.

-- Tries many arguments first, and then fewer and fewer: Redis answers only for a valid number of arguments, and Valkey 8.1
-- crashes if keys are missing.
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
