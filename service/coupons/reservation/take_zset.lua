-- Decides the requests of many users for one coupon, in their order, as one step.
-- KEYS: stock, users (a sorted set: the score is the place in the order of arrival). ARGV: user ids.
-- Returns one number per user: 1 taken, 0 sold out, -1 has one already; false when the stock is not there.
local stock = redis.call('GET', KEYS[1])
if not stock then return false end
local left = tonumber(stock)
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local place = tonumber(last[2] or 0)
local taken = 0
local answers = {}
for i, user in ipairs(ARGV) do
    if redis.call('ZSCORE', KEYS[2], user) then
        answers[i] = -1
    elseif left > 0 then
        taken = taken + 1
        left = left - 1
        redis.call('ZADD', KEYS[2], place + taken, user)
        answers[i] = 1
    else
        answers[i] = 0
    end
end
if taken > 0 then redis.call('DECRBY', KEYS[1], taken) end
return answers
