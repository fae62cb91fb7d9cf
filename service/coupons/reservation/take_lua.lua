-- Decides the requests of many users for one coupon, in their order, as one step.
-- KEYS: stock, users (a set). ARGV: user ids.
-- Returns one number per user: 1 taken, 0 sold out, -1 has one already; false when the stock is not there.
local stock = redis.call('GET', KEYS[1])
if not stock then return false end
local left = tonumber(stock)
local taken = 0
local answers = {}
for i, user in ipairs(ARGV) do
    if left > 0 then
        if redis.call('SADD', KEYS[2], user) == 1 then
            left = left - 1
            taken = taken + 1
            answers[i] = 1
        else
            answers[i] = -1
        end
    else
        answers[i] = -redis.call('SISMEMBER', KEYS[2], user)
    end
end
if taken > 0 then redis.call('DECRBY', KEYS[1], taken) end
return answers
