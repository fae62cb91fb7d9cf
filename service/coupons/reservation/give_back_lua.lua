-- Gives the reservations of users back whose transaction is known not to have happened.
-- KEYS: stock, users (a set). ARGV: user ids. Returns how many were given back; a user who has none changes nothing.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local given = redis.call('SREM', KEYS[2], unpack(ARGV))
if given > 0 then redis.call('INCRBY', KEYS[1], given) end
return given
