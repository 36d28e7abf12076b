-- Forgets requests of a channel that are too old, whoever writes to it or not.
-- KEYS: those of the channel, then [12] the beginning of its requests' keys and [13] its requests by time
-- ARGV: [1] the clock of requests and [2] how long they are kept, both in milliseconds · [3] how many at most
-- Answers how many were forgotten.
return forgetRequests(tonumber(ARGV[1]) - tonumber(ARGV[2]), ARGV[3])
