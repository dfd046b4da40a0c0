-- Decides all limits of one request: all takes or none. GCRA, as in `gcra.rs`: a key holds the time
-- at which its bucket is full again, in nanoseconds since 1970 as decimal digits.
--
-- Lua's numbers are exact up to 2^53, which is 104 days of nanoseconds. So each time is two numbers,
-- whole seconds and nanoseconds below a second, and nothing is rounded.
--
-- KEYS     one a limit, all in one slot
-- ARGV[1]  the time in nanoseconds, for tests; empty: Redis' own
-- ARGV     then for each limit: what is asked (`take`, `peek` or `charge`), and as pairs of numbers
--          the time that the cost takes to come back (-1: it never can be had), the time in which the
--          whole bucket does, and that of one permit; and how many permits to lease beyond the cost
--
-- Answers the time, whether all were admitted, and for each limit the time until its bucket is full,
-- the permits leased, and whether it would admit.
local SECOND = 1000000000
local ARGUMENTS = 8

local function fits(s, n, most_s, most_n)
  return s < most_s or (s == most_s and n <= most_n)
end

local function add(s, n, more_s, more_n)
  s, n = s + more_s, n + more_n
  if n >= SECOND then return s + 1, n - SECOND end
  return s, n
end

local now_s, now_n
local is_fixed = ARGV[1] ~= ''
if is_fixed then
  now_s, now_n = tonumber(string.sub(ARGV[1], 1, -10)), tonumber(string.sub(ARGV[1], -9))
else
  local time = redis.call('TIME')
  now_s, now_n = tonumber(time[1]), tonumber(time[2]) * 1000
end

-- The time until a bucket is full, and whether that has to be written down. A clock that went back
-- cannot make it longer than that of the deepest debt: another whole bucket.
local function read(key, full_s, full_n)
  local stored = redis.pcall('GET', key)
  if not stored then return 0, 0, false end
  local s, n
  if type(stored) == 'string' then
    s, n = tonumber(string.sub(stored, 1, -10)), tonumber(string.sub(stored, -9))
  end
  -- Unreadable: an empty bucket, written down, so that it fills.
  if not s or not n then return full_s, full_n, true end
  s, n = s - now_s, n - now_n
  if n < 0 then s, n = s - 1, n + SECOND end
  if s < 0 then return 0, 0, false end
  local most_s, most_n = add(full_s, full_n, full_s, full_n)
  if not fits(s, n, most_s, most_n) then return most_s, most_n, true end
  return s, n, false
end

local buckets, asked = {}, {}
local is_admitted = true
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * ARGUMENTS
  local what = ARGV[at]
  local cost_s, cost_n = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local full_s, full_n = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local bucket = buckets[key]
  if not bucket then
    local s, n, is_changed = read(key, full_s, full_n)
    -- `s` and `n` hold whatever happens, `taken_s` and `taken_n` if all are admitted.
    bucket = {s = s, n = n, taken_s = s, taken_n = n, is_changed = is_changed}
    buckets[key] = bucket
  end
  local ask = {bucket = bucket, leased = 0, fits = true, full_s = full_s, full_n = full_n}
  asked[i] = ask
  local s, n = add(bucket.taken_s, bucket.taken_n, cost_s, cost_n)
  if what == 'charge' then
    local most_s, most_n = add(full_s, full_n, full_s, full_n)
    if not fits(s, n, most_s, most_n) then s, n = most_s, most_n end
    bucket.taken_s, bucket.taken_n = s, n
    s, n = add(bucket.s, bucket.n, cost_s, cost_n)
    if not fits(s, n, most_s, most_n) then s, n = most_s, most_n end
    bucket.s, bucket.n, bucket.is_changed = s, n, true
  elseif cost_s < 0 or not fits(s, n, full_s, full_n) then
    ask.fits, is_admitted = false, false
  elseif what == 'take' then
    bucket.taken_s, bucket.taken_n, bucket.is_taken = s, n, true
    ask.interval_s, ask.interval_n = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
    ask.lease = tonumber(ARGV[at + 7])
  end
end

if is_admitted then
  for _, ask in ipairs(asked) do
    if ask.lease and ask.lease > 0 then
      -- Half of what is left at most: the other half is for the other instances.
      local bucket, interval_s, interval_n = ask.bucket, ask.interval_s, ask.interval_n
      local left = (ask.full_s - bucket.taken_s) * SECOND + ask.full_n - bucket.taken_n
      local lease = math.min(ask.lease, math.floor(left / (interval_s * SECOND + interval_n) / 2))
      while lease > 0 do
        local nanos = lease * interval_n
        local carry = math.floor(nanos / SECOND)
        local s, n = add(bucket.taken_s, bucket.taken_n, lease * interval_s + carry,
          nanos - carry * SECOND)
        -- `left` was rounded.
        if fits(s, n, ask.full_s, ask.full_n) then
          bucket.taken_s, bucket.taken_n, bucket.is_taken = s, n, true
          ask.leased = lease
          break
        end
        lease = lease - 1
      end
    end
  end
end

for key, bucket in pairs(buckets) do
  if is_admitted then
    bucket.is_changed = bucket.is_changed or bucket.is_taken
    bucket.s, bucket.n = bucket.taken_s, bucket.taken_n
  end
  if bucket.is_changed and (bucket.s > 0 or bucket.n > 0) then
    local at_s, at_n = add(now_s, now_n, bucket.s, bucket.n)
    local life = bucket.s * 1000 + math.ceil(bucket.n / 1000000) + 1
    -- A time that stands still would otherwise outlive what it counts.
    if is_fixed then life = life + 3600000 end
    redis.call('SET', key, string.format('%d%09d', at_s, at_n), 'PX', string.format('%d', life))
  end
end

local answer = {now_s, now_n, is_admitted and 1 or 0}
for _, ask in ipairs(asked) do
  answer[#answer + 1] = ask.bucket.s
  answer[#answer + 1] = ask.bucket.n
  answer[#answer + 1] = ask.leased
  answer[#answer + 1] = ask.fits and 1 or 0
end
return answer
