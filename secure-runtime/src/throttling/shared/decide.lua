-- Decides all limits of one request: either all permits are taken, or none. For a rate (GCRA, as in
-- `gcra.rs`), a key stores the time at which its bucket is full again, in nanoseconds since 1970 as
-- decimal digits, and the refill time of the bucket. For a calendar quota it stores the end of its
-- period, in seconds since 1970, the used permits, and the number of permits.
--
-- Lua's numbers are exact up to 2^53, which is 104 days of nanoseconds. So each time is two numbers,
-- whole seconds and the nanoseconds below a second, and nothing is rounded, except the used share of a
-- bucket of another size: it is rounded up, by a few nanoseconds.
--
-- KEYS     one for each limit, all in one slot
-- ARGV[1]  the time in nanoseconds, for tests; empty: Redis' clock
-- ARGV     then thirteen for each limit. First the operation: `take`, `observe` (takes if it can, and never
--          rejects), `peek`, `charge`, `keep` (takes no more than before), or `back` (returns the permits
--          that the request took before); with the prefix `period-` for a calendar quota. Then for a rate,
--          as pairs of numbers: the time in which the cost comes back (-1: it can never be admitted), the
--          refill time of the bucket, and that of one permit; the number of permits to lease beyond the
--          cost; after a space, the refill time of the bucket of which the used permits are a share, in
--          nanoseconds; the time at which the permits that the request took before have come back by
--          themselves; and the largest refill time of a bucket. For a quota: the cost, the permits, a time
--          of one period, the ends of that and of the next one, how much later than the current period
--          a stored one may end to be accepted, the permits that the request took before and the end of
--          their period, and four words of padding.
--
-- Permits that the request took before are returned when it is rejected; with `observe`, when the rest is
-- not left.
--
-- Returns the time, whether all limits admit (2: it is none of the periods, and nothing was decided), and
-- for each limit of a rate the time until its bucket is full, the permits leased, and whether it would
-- admit; for a quota the end of the period, its used permits, 0, and whether it would admit.
local SECOND = 1000000000
local ARGUMENTS = 13

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

-- The time until a bucket is full, and whether it has to be stored. A clock that went back cannot make it
-- longer than that of the largest debt: another whole bucket, of the largest one that an endpoint has.
local function read(key, full_s, full_n, whole, deepest_s, deepest_n)
  local stored = redis.pcall('GET', key)
  if not stored then return 0, 0, false end
  local s, n, old
  if type(stored) == 'string' then
    if string.sub(stored, -#whole) == whole then
      stored = string.sub(stored, 1, -#whole - 1)
    else
      stored, old = string.match(stored, '^(%d+) (%d+)$')
    end
    -- The script writes nothing longer, and only digits. Anything else may be infinite, or not a number.
    local is_ours = stored and #stored <= 20 and not string.find(stored, '%D')
    if is_ours and (not old or #old <= 20) then
      s, n = tonumber(string.sub(stored, 1, -10)), tonumber(string.sub(stored, -9))
    end
  end
  -- Unreadable: an empty bucket, which is stored, so that it fills.
  if not s or not n or old == '0' then return full_s, full_n, true end
  s, n = s - now_s, n - now_n
  if n < 0 then s, n = s - 1, n + SECOND end
  if s < 0 then return 0, 0, false end
  local is_changed = false
  if old then
    -- Converts a share of another bucket to this one; rounded up.
    local share = (s + n / SECOND) * (tonumber(whole) / tonumber(old)) * (1 + 1.4e-15)
    s = math.floor(share)
    n = math.ceil((share - s) * SECOND)
    if n >= SECOND then s, n = s + 1, 0 end
    is_changed = true
  end
  if fits(s, n, deepest_s, deepest_n) then return s, n, is_changed end
  return deepest_s, deepest_n, true
end

local buckets, asked = {}, {}
local is_admitted = true

-- The functions of calendar quotas; created only if there are some, because creating them costs time.
local function asker_of_periods()
  -- Converts a share of another quota to this one; never too small.
  local function scaled(used, old, new)
    local product = used * new
    local share = math.ceil(product / old)
    if product >= 9007199254740992 then return math.ceil(share * (1 + 8.9e-16)) end
    if share * old < product then share = share + 1 end
    return share
  end

  -- The used permits of a period, its end, and whether they have to be stored. A clock that is set back
  -- returns no permits; a count from more than a period ahead is ignored.
  local function read_period(key, permits, finish, most_later)
    local stored = redis.pcall('GET', key)
    if not stored then return 0, finish, false end
    local found, used, old
    if type(stored) == 'string' then
      found, used, old = string.match(stored, '^(%d+) (%d+) (%d+)$')
      found, used, old = tonumber(found), tonumber(used), tonumber(old)
    end
    -- Unreadable: no permits are left in this period.
    if not found or old == 0 or old > 4294967295 then return permits, finish, true end
    if found < finish or found > finish + most_later then return 0, finish, false end
    -- No more is ever owed.
    used = math.min(used, 2 * old)
    if old ~= permits then return scaled(used, old, permits), found, true end
    return used, found, false
  end

  -- Whether it is one of the periods.
  return function(i, key, at, what)
    local cost, permits = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local from, finish = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local next_end = tonumber(ARGV[at + 5])
    if now_s < from or now_s >= next_end then return false end
    if now_s >= finish then finish = next_end end
    local bucket = buckets[key]
    if not bucket then
      local used, found, is_changed = read_period(key, permits, finish, tonumber(ARGV[at + 6]))
      bucket = {finish = found, permits = permits, used = used, taken = used, is_changed = is_changed}
      buckets[key] = bucket
    end
    local ask = {bucket = bucket, leased = 0, fits = true}
    ask.before, ask.before_end = tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
    asked[i] = ask
    if what == 'period-charge' then
      -- No more than a whole quota is ever owed.
      local most = 2 * permits
      bucket.taken = math.max(bucket.taken, math.min(bucket.taken + cost, most))
      bucket.used = math.max(bucket.used, math.min(bucket.used + cost, most))
      bucket.is_changed = true
    elseif what == 'period-back' or what == 'period-keep' then
      ask.is_back = what == 'period-back'
    elseif bucket.taken + cost > permits then
      ask.fits = false
      if what ~= 'period-observe' then is_admitted = false end
    elseif what ~= 'period-peek' then
      bucket.taken, bucket.is_taken = bucket.taken + cost, true
    end
    return true
  end
end

local ask_period
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * ARGUMENTS
  local what = ARGV[at]
  if #what > 7 then
    -- `period-…`
    ask_period = ask_period or asker_of_periods()
    if not ask_period(i, key, at, what) then return {now_s, now_n, 2} end
  else
    local cost_s, cost_n = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local full_s, full_n = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local bucket = buckets[key]
    if not bucket then
      local whole = ARGV[at + 8]
      local deepest_s, deepest_n = tonumber(ARGV[at + 11]), tonumber(ARGV[at + 12])
      local s, n, is_changed = read(key, full_s, full_n, whole, deepest_s, deepest_n)
      -- `s` and `n` apply in any case, `taken_s` and `taken_n` if all limits admit.
      bucket = {s = s, n = n, taken_s = s, taken_n = n, is_changed = is_changed, whole = whole}
      buckets[key] = bucket
    end
    local ask = {bucket = bucket, leased = 0, fits = true, full_s = full_s, full_n = full_n, at = at}
    ask.until_s, ask.until_n = tonumber(ARGV[at + 9]), tonumber(ARGV[at + 10])
    asked[i] = ask
    local s, n = add(bucket.taken_s, bucket.taken_n, cost_s, cost_n)
    if what == 'back' or what == 'keep' then
      ask.is_back = what == 'back'
    elseif what == 'charge' then
      local most_s, most_n = add(full_s, full_n, full_s, full_n)
      -- What is owed already stays owed.
      if not fits(s, n, most_s, most_n) then
        s, n = most_s, most_n
        if fits(s, n, bucket.taken_s, bucket.taken_n) then s, n = bucket.taken_s, bucket.taken_n end
      end
      bucket.taken_s, bucket.taken_n = s, n
      s, n = add(bucket.s, bucket.n, cost_s, cost_n)
      if not fits(s, n, most_s, most_n) then
        s, n = most_s, most_n
        if fits(s, n, bucket.s, bucket.n) then s, n = bucket.s, bucket.n end
      end
      bucket.s, bucket.n, bucket.is_changed = s, n, true
    elseif cost_s < 0 or not fits(s, n, full_s, full_n) then
      ask.fits = false
      if what ~= 'observe' then is_admitted = false end
    elseif what ~= 'peek' then
      bucket.taken_s, bucket.taken_n, bucket.is_taken = s, n, true
      ask.lease = tonumber(ARGV[at + 7])
      if ask.lease > 0 then
        ask.interval_s, ask.interval_n = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
      end
    end
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

for _, bucket in pairs(buckets) do
  if is_admitted then
    if bucket.finish then bucket.used = bucket.taken else bucket.s, bucket.n = bucket.taken_s, bucket.taken_n end
  end
  bucket.is_changed = bucket.is_changed or (is_admitted and bucket.is_taken)
end

for _, ask in ipairs(asked) do
  if not is_admitted or not ask.fits or ask.is_back then
    local bucket = ask.bucket
    if bucket.finish then
      if ask.before > 0 and ask.before_end == bucket.finish then
        bucket.used, bucket.is_changed = math.max(bucket.used - ask.before, 0), true
      end
    elseif fits(now_s, now_n, ask.until_s, ask.until_n) then
      -- A part of it has come back over time. It was one permit, even if the clock went back.
      local back_s, back_n = ask.until_s - now_s, ask.until_n - now_n
      if back_n < 0 then back_s, back_n = back_s - 1, back_n + SECOND end
      local one_s, one_n = tonumber(ARGV[ask.at + 5]), tonumber(ARGV[ask.at + 6])
      if not fits(back_s, back_n, one_s, one_n) then back_s, back_n = one_s, one_n end
      local s, n = bucket.s - back_s, bucket.n - back_n
      if n < 0 then s, n = s - 1, n + SECOND end
      if s < 0 then s, n = 0, 0 end
      bucket.s, bucket.n, bucket.is_changed, bucket.is_given_back = s, n, true, true
    end
  end
end

-- With a fixed time, a key would otherwise outlive its counts.
local extra = is_fixed and 3600000 or 0

for key, bucket in pairs(buckets) do
  local is_changed = bucket.is_changed
  if bucket.finish then
    if is_changed then
      local life = (bucket.finish - now_s) * 1000 - math.floor(now_n / 1000000)
      redis.call('SET', key, string.format('%.0f %.0f %.0f', bucket.finish, bucket.used, bucket.permits),
        'PX', string.format('%.0f', math.max(life, 1) + extra))
    end
  else
    -- A full bucket is not stored.
    if is_changed and (bucket.s > 0 or bucket.n > 0 or bucket.is_given_back) then
      local at_s, at_n = add(now_s, now_n, bucket.s, bucket.n)
      local life = bucket.s * 1000 + math.ceil(bucket.n / 1000000) + 1
      redis.call('SET', key, string.format('%d%09d', at_s, at_n) .. bucket.whole, 'PX',
        string.format('%d', life + extra))
    end
  end
end

local answer = {now_s, now_n, is_admitted and 1 or 0}
for _, ask in ipairs(asked) do
  local bucket = ask.bucket
  answer[#answer + 1] = bucket.finish or bucket.s
  answer[#answer + 1] = bucket.used or bucket.n
  answer[#answer + 1] = ask.leased
  answer[#answer + 1] = ask.fits and 1 or 0
end
return answer
