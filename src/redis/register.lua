-- The shared record of a circuit: reads it, adds counts to it, replaces it, tells who listens, and says what time it
-- is. It knows nothing of circuits: when to open, for how long and who may try is decided by those who call it. It
-- keeps true that a record changes in one step or not at all, that a replaced record was the expected one, that
-- counts merge in any order, and that every key of ours has an expiry.
--
-- KEYS      per circuit: record (hash), transitions (stream), steps (hash), processes (sorted set), alone (hash), and
--           with a mirror the Python library's state, fail_counter, opened_at and, for PyBreaker, success_counter. All
--           in one slot.
-- ARGV[1]   verb: read | add | replace | see | names | history | reports
-- ARGV[2]   settings, JSON: cluster, mirror, and per circuit channels and, with a mirror, rules (fails, reset, trial)
-- ARGV[3]   argument, JSON; every value a text. A time is ms of this clock, or with a + so many ms from now.
--
-- Fields of a record, as HGETALL shows them (times in epoch ms):
--   v 1 · state · epoch · period · until · relapses · successes · leases `id=until,…` · forced, forced_until ·
--   overrides (JSON) · policy · by · why · mover, move (who wrote it, and which of its moves) ·
--   ok_at (newest success) · fails (newest failures) · slots `start:ok:bad:slow,…` · asked, asker ·
--   py_state, py_fails, py_opened, py_successes (what the mirrored keys held when last seen)
-- Steps are a ring of 60 fields, 5 s each: `start:calls:successes:failures:rejected:slow`. Processes are scored by the
-- time until which they count as there. Alone has what a process decided against the fleet, as JSON: state, since, until,
-- why.

local SCHEMA = 1
local FIELDS = { 'v', 'state', 'epoch', 'period', 'until', 'relapses', 'successes', 'leases', 'forced', 'forced_until',
  'overrides', 'policy', 'by', 'why', 'mover', 'move', 'ok_at', 'fails', 'slots', 'asked', 'asker',
  'py_state', 'py_fails', 'py_opened', 'py_successes' }
local COUNTED = { 'ok_at', 'fails', 'slots', 'asked', 'asker' }
local MIRRORED = { 'py_state', 'py_fails', 'py_opened', 'py_successes' }
local NUMBERS = { 'epoch', 'period', 'until', 'relapses', 'successes', 'asked' }
local STATES = { closed = true, open = true, ['half-open'] = true }
local LONGEST_RECORD = 100000
local LONGEST_STEP, LONGEST_LOCAL = 200, 2000
local FOREVER, LARGEST = 8.64e15, 9007199254740991
local HOUR, DAY = 3600000, 86400000
local MOST_TRANSITIONS, MOST_NAMES, NAME_GRAIN = 1000, 10000, 60000
local STEP, MOST_STEPS, MISSED, MOST_PROCESSES, MOST_TOLD = 5000, 60, 3, 10000, 1000

local verb, settings, argument = ARGV[1], cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local clock = redis.call('TIME')
local at = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- Numbers ---------------------------------------------------------------------------------------

-- Lua would write 1e+12.
local function text(number)
  return string.format('%.0f', number)
end

local function integer(value)
  if not value or #value > 16 or not string.match(value, '^%d+$') then return nil end
  local number = tonumber(value)
  return number <= LARGEST and number or nil
end

-- A time as it is stored: absolute, neither before 1970 nor after what stands for "without end".
local function absolute(time)
  local ahead = string.match(time, '^%+(-?%d+)$')
  local ms = ahead and at + tonumber(ahead) or integer(time) or 0
  return text(math.max(0, math.min(ms, FOREVER)))
end

-- Records ---------------------------------------------------------------------------------------

local function readable(record)
  if integer(record.v) ~= SCHEMA or not STATES[record.state] then return false end
  for _, field in ipairs(NUMBERS) do
    if not integer(record[field]) then return false end
  end
  return true
end

-- The record, or nil and why what is there is none: garbled (ours to replace) or newer (somebody else's to keep).
local function load(key)
  local values = redis.pcall('HMGET', key, unpack(FIELDS))
  if values.err then
    if string.find(values.err, 'WRONGTYPE') then return nil, 'garbled' end
    error(values.err)
  end
  local record, size = {}, 0
  for index, field in ipairs(FIELDS) do
    if values[index] then
      record[field] = values[index]
      size = size + #values[index]
    end
  end
  if next(record) == nil then return nil, redis.call('EXISTS', key) == 1 and 'garbled' or nil end
  local version = integer(record.v)
  if version and version > SCHEMA then return nil, 'newer' end
  if size > LONGEST_RECORD or not readable(record) then return nil, 'garbled' end
  return record
end

local function created(epoch, period)
  return { v = text(SCHEMA), state = 'closed', epoch = epoch, period = period, ['until'] = '0', relapses = '0',
    successes = '0', leases = '', mover = '', move = '', asked = '0' }
end

local function listeners(channel)
  local sharded = settings.cluster and redis.REDIS_VERSION_NUM
  local counted = redis.pcall('PUBSUB', sharded and 'SHARDNUMSUB' or 'NUMSUB', channel)
  return counted.err and '0' or text(counted[2])
end

local function publish(channel, message)
  -- Only a cluster of Redis 7 has sharded channels; elsewhere everybody subscribes to plain ones.
  local sharded = settings.cluster and redis.REDIS_VERSION_NUM
  redis.call(sharded and 'SPUBLISH' or 'PUBLISH', channel, message)
end

-- What answers and pushes alike say of a record.
local function told(group, record)
  local message = { kind = 'record', at = text(at), listeners = listeners(group.channel) }
  for field, value in pairs(record) do message[field] = value end
  return cjson.encode(message)
end

local function note(group, record, kind, since)
  publish(group.channel, cjson.encode({ kind = kind, epoch = record.epoch, asked = record.asked, asker = record.asker,
    since = since, listeners = listeners(group.channel) }))
end

-- Expiry collects what nobody reads any more; it is never state.
local function lifetime(record)
  local ends = math.max(tonumber(record['until']), record.forced and integer(record.forced_until) or 0)
  if ends >= FOREVER or record.overrides then return 30 * DAY end
  return DAY + math.max(0, ends - at)
end

local function renew(group, record, exactly)
  local ttl = lifetime(record)
  -- Each expiry goes to replicas and logs, so a refresh leaves one that is new enough.
  if not exactly and redis.call('PTTL', group.record) >= ttl - HOUR then return end
  redis.call('PEXPIRE', group.record, text(ttl))
  redis.call('PEXPIRE', group.transitions, text(ttl))
end

-- Writes the fields, all of them unless told which.
local function save(group, record, fields)
  local present, gone = {}, {}
  for _, field in ipairs(fields or FIELDS) do
    if record[field] then
      present[#present + 1] = field
      present[#present + 1] = record[field]
    else
      gone[#gone + 1] = field
    end
  end
  -- First what a server without memory refuses, so that a refused change changes nothing.
  if #present > 0 then redis.call('HSET', group.record, unpack(present)) end
  if #gone > 0 then redis.call('HDEL', group.record, unpack(gone)) end
end

-- What a move did besides, or instead of, changing the state.
local function actOf(before, after)
  local held = before and before.forced and before.forced .. (before.forced_until or '')
  if after.forced and after.forced .. after.forced_until ~= held then return 'forced' end
  if held and not after.forced and (integer(before.forced_until) or 0) > at then return 'released' end
  if (before and before.overrides) ~= after.overrides then return 'updated' end
end

-- `asked`: somebody wants this move by name. `said`: who and why, where the record's own are of an earlier move.
local function log(group, before, after, asked, said)
  local from, act = before and before.state or 'closed', actOf(before, after)
  if from == after.state and not act and not (asked and after.by) then return end
  local entry = { 'at', text(at), 'from', from, 'to', after.state, 'epoch', after.epoch }
  local function tell(field, value)
    if not value then return end
    entry[#entry + 1] = field
    entry[#entry + 1] = value
  end
  tell('act', act)
  for _, field in ipairs({ 'by', 'why' }) do tell(field, (said or after)[field]) end
  for _, field in ipairs({ 'forced', 'forced_until' }) do tell(field, after[field]) end
  if act == 'updated' then tell('overrides', after.overrides) end
  for _, field in ipairs({ 'ok_at', 'fails', 'slots' }) do tell(field, before and before[field]) end
  -- The history is for people: a change counts without it.
  local logged = redis.pcall('XADD', group.transitions, 'MAXLEN', '~', MOST_TRANSITIONS, '*', unpack(entry))
  if type(logged) == 'table' and logged.err and string.find(logged.err, 'WRONGTYPE') then
    redis.call('DEL', group.transitions)
  end
end

-- Counts ----------------------------------------------------------------------------------------

local function newest(one, other)
  if not integer(one) then return integer(other) and other or nil end
  if not integer(other) then return one end
  return tonumber(one) >= tonumber(other) and one or other
end

local function mergeFails(one, other, most)
  if not most then return one end
  local times = {}
  for time in string.gmatch((one or '') .. ',' .. (other or ''), '%d+') do table.insert(times, tonumber(time)) end
  table.sort(times, function(a, b) return a > b end)
  local kept = {}
  for index = 1, math.min(#times, most) do kept[index] = text(times[index]) end
  return #kept > 0 and table.concat(kept, ',') or nil
end

local function sum(one, other)
  local ok, bad, slow = string.match(one, '(%d+):(%d+):(%d+)')
  local ok2, bad2, slow2 = string.match(other, '(%d+):(%d+):(%d+)')
  return text(ok + ok2) .. ':' .. text(bad + bad2) .. ':' .. text(slow + slow2)
end

-- Most slots are only in one of both: those are passed on as the texts they are.
local function mergeSlots(one, other, width, most)
  if not width or not most then return one end
  local byStart, starts = {}, {}
  for start, counts in string.gmatch((one or '') .. ',' .. (other or ''), '(%d+):(%d+:%d+:%d+)') do
    start = math.floor(start / width) * width
    if byStart[start] then
      byStart[start] = sum(byStart[start], counts)
    else
      byStart[start] = counts
      starts[#starts + 1] = start
    end
  end
  table.sort(starts, function(a, b) return a > b end)
  local kept = {}
  for index = 1, math.min(#starts, most) do kept[index] = text(starts[index]) .. ':' .. byStart[starts[index]] end
  return #kept > 0 and table.concat(kept, ',') or nil
end

-- The mirror: Python's own keys, beside the record -------------------------------------------------

local function consecutive(record)
  local okAt, count = integer(record.ok_at) or -1, 0
  for time in string.gmatch(record.fails or '', '%d+') do
    if tonumber(time) > okAt then count = count + 1 end
  end
  return count
end

local function theirs(group)
  local function get(key)
    local value = key and redis.pcall('GET', key)
    return type(value) == 'string' and value or nil
  end
  local state = get(group.state)
  return {
    state = STATES[state] and state or nil,
    fails = integer(get(group.fails)),
    opened = integer(get(group.opened)),
    successes = integer(get(group.successes)),
  }
end

-- Writes the record the way Python does, and remembers what it wrote. opened_at only moves forward.
local function mirror(group, record, seen)
  local fails = record.state == 'closed' and consecutive(record) or seen.fails or 0
  local opened = seen.opened or 0
  if record.state == 'open' then opened = math.max(opened, math.floor(tonumber(record.period) / 1000)) end
  local function set(key, old, new)
    if key and old ~= new then redis.call('SET', key, type(new) == 'number' and text(new) or new) end
  end
  set(group.fails, seen.fails, fails)
  set(group.successes, seen.successes, tonumber(record.successes))
  if opened > 0 then set(group.opened, seen.opened, opened) end
  set(group.state, seen.state, record.state)
  record.py_state, record.py_fails = record.state, text(fails)
  record.py_opened, record.py_successes = text(opened), record.successes
end

-- Python's clock has whole seconds: the end of the one it names, so that nobody tries before it would.
local function openedAt(record, seen)
  if not seen.opened or text(seen.opened) == record.py_opened then return at end
  return math.min(at, seen.opened * 1000 + 999)
end

local function moveOf(record, seen, rules)
  local after = created(text(math.max(at, tonumber(record.epoch) + 1)), nil)
  after.period = after.epoch
  after.state, after.by, after.mover, after.move = seen.state, 'python', 'python', after.epoch
  after.why = 'a Python process changed it to ' .. seen.state
  after['until'], after.relapses = text(at), record.relapses
  after.overrides, after.policy = record.overrides, record.policy
  after.asked = '0'
  if seen.state == 'open' then
    after['until'] = absolute(text(openedAt(record, seen) + rules.reset))
    if record.state == 'half-open' then after.relapses = text(tonumber(record.relapses) + 1) end
  elseif seen.state == 'half-open' then
    after.leases = 'python=' .. absolute(text(at + rules.trial))
  end
  return after
end

-- What Python wrote since the last look, as a record of ours: nil when it says nothing new.
local function news(record, seen, rules)
  if seen.state ~= record.py_state or (seen.state == 'open' and seen.opened and text(seen.opened) ~= record.py_opened) then
    return moveOf(record, seen, rules), true
  end
  if record.state == 'half-open' and seen.successes and seen.successes > (integer(record.py_successes) or 0) then
    local after = {}
    for field, value in pairs(record) do after[field] = value end
    after.epoch = text(math.max(at, tonumber(record.epoch) + 1))
    after.successes, after.py_successes = text(seen.successes), text(seen.successes)
    after.leases = string.gsub(string.gsub(record.leases or '', 'python=%d+', ''), '^,', '')
    after.mover, after.move = 'python', after.epoch
    return after, true
  end
  local known = integer(record.py_fails) or 0
  if record.state ~= 'closed' or not seen.fails or seen.fails == known then return nil end
  if seen.fails > known then
    local more = math.min(seen.fails - known, rules.fails)
    record.fails = mergeFails(record.fails, string.rep(text(at) .. ',', more), rules.fails)
  else
    record.ok_at = newest(record.ok_at, text(at))
  end
  record.py_fails = text(seen.fails)
  return record, false
end

-- Every verb begins with it: takes over what Python wrote, and makes anew what is missing of its keys.
local function meet(group, record, fault)
  if not settings.mirror or fault == 'newer' then return record end
  local seen = theirs(group)
  local held = record and record.forced and (integer(record.forced_until) or 0) > at
  if record and (held or not seen.state) then
    if seen.state ~= record.py_state or record.state ~= record.py_state then
      mirror(group, record, seen)
      save(group, record)
    end
    return record
  end
  if not seen.state then return nil end
  local before = record
  if not record then
    if seen.state == 'closed' and (seen.fails or 0) == 0 then return nil end
    if fault then redis.call('DEL', group.record) end
    record = created(text(at), text(at))
    record.py_state = 'closed'
  end
  local after, moved = news(record, seen, group.rules)
  if not after then
    -- Somebody moved it who keeps no mirror: an operator.
    if record.state ~= record.py_state then
      mirror(group, record, seen)
      save(group, record)
    end
    return record
  end
  mirror(group, after, seen)
  save(group, after)
  if moved then log(group, before, after) end
  renew(group, after, true)
  if moved then publish(group.channel, told(group, after)) end
  return after
end

-- Reports: what processes saw, and who is there, for people ------------------------------------------

local function numbers(value)
  local all = {}
  if not value or #value > LONGEST_STEP then return all end
  for number in string.gmatch(value, '%d+') do all[#all + 1] = tonumber(number) end
  return all
end

-- Keeps a key of the three, which nobody decides by: one that holds something else is made anew.
local function tend(key, answer)
  if type(answer) == 'table' and answer.err then
    if string.find(answer.err, 'WRONGTYPE') then redis.call('DEL', key) end
  elseif redis.call('PTTL', key) < DAY - HOUR then
    redis.call('PEXPIRE', key, text(DAY))
  end
end

-- Adds what a process saw to the steps that it saw it in: evenly, since it says no more than the sum.
local function addUp(key, seen)
  local span = math.min(tonumber(argument.span), STEP * (MOST_STEPS - 1))
  local from, before, starts, fields = at - span, 0, {}, {}
  for start = math.floor(from / STEP) * STEP, at, STEP do
    starts[#starts + 1] = start
    fields[#fields + 1] = text(start / STEP % MOST_STEPS)
  end
  local held = redis.pcall('HMGET', key, unpack(fields))
  if held.err then return tend(key, held) end
  local changed = {}
  for index, start in ipairs(starts) do
    local share = span > 0 and (math.min(start + STEP, at) - from) / span or 1
    local sums = numbers(held[index])
    if sums[1] ~= start then sums = { start, 0, 0, 0, 0, 0 } end
    for place = 1, 5 do
      local part = math.floor(seen[place] * share + 0.5) - math.floor(seen[place] * before + 0.5)
      sums[place + 1] = (sums[place + 1] or 0) + part
    end
    before = share
    for place = 1, 6 do sums[place] = text(sums[place]) end
    local value = table.concat(sums, ':', 1, 6)
    if value ~= held[index] then
      changed[#changed + 1] = fields[index]
      changed[#changed + 1] = value
    end
  end
  if #changed > 0 then tend(key, redis.pcall('HSET', key, unpack(changed))) end
end

-- What the process decided alone: nothing, as a rule. Of those that are gone the rest goes with the key.
local function tellAlone(key, process, told)
  if told == '' then
    local forgotten = redis.pcall('HDEL', key, process)
    return type(forgotten) == 'table' and tend(key, forgotten)
  end
  local held = redis.pcall('HLEN', key)
  if type(held) == 'number' and held >= MOST_PROCESSES then redis.call('DEL', key) end
  local circuit = { state = told.state, since = absolute(told.since), why = told.why }
  circuit['until'] = absolute(told['until'])
  tend(key, redis.pcall('HSET', key, process, cjson.encode(circuit)))
end

local function witness(group, told, alone)
  local seen = numbers(told)
  if #seen ~= 5 then return end
  addUp(group.steps, seen)
  local key = group.processes
  tend(key, redis.pcall('ZADD', key, text(at + MISSED * tonumber(argument.every)), argument.process))
  redis.pcall('ZREMRANGEBYSCORE', key, '-inf', text(at))
  redis.pcall('ZREMRANGEBYRANK', key, 0, -MOST_PROCESSES - 1)
  tellAlone(group.alone, argument.process, alone)
end

-- Of these processes.
local function aloneOf(key, processes)
  local alone = {}
  local held = #processes > 0 and redis.pcall('HMGET', key, unpack(processes)) or {}
  for place, told in ipairs(held.err and {} or held) do
    if told and #told <= LONGEST_LOCAL then alone[#alone + 1] = { processes[place], told } end
  end
  return alone
end

local function reports(groups)
  local fields, answers = {}, {}
  for step = 1, MOST_STEPS do fields[step] = text(step - 1) end
  for index, group in ipairs(groups) do
    local steps, processes = {}, {}
    local held = redis.pcall('HMGET', group.steps, unpack(fields))
    for _, value in ipairs(held.err and {} or held) do
      local start = numbers(value)[1]
      if start and start > at - at % STEP - STEP * MOST_STEPS then steps[#steps + 1] = value end
    end
    local scored = redis.pcall('ZREVRANGE', group.processes, 0, MOST_TOLD - 1, 'WITHSCORES')
    for place = 1, scored.err and 0 or #scored, 2 do
      if tonumber(scored[place + 1]) > at then processes[#processes + 1] = scored[place] end
    end
    answers[index] = cjson.encode({ at = text(at), steps = table.concat(steps, ','), processes = processes,
      alone = aloneOf(group.alone, processes) })
  end
  return answers
end

-- Verbs -----------------------------------------------------------------------------------------

local function read(groups)
  local answers = {}
  for index, group in ipairs(groups) do
    local record, fault = load(group.record)
    record = meet(group, record, fault)
    local seen = argument.seen and argument.seen[index]
    if record and seen ~= '' then renew(group, record) end
    if seen then witness(group, seen, argument.alone and argument.alone[index] or '') end
    answers[index] = record and told(group, record) or cjson.encode({ kind = fault or 'absent' })
  end
  return answers
end

local function add(group)
  local record, fault = load(group.record)
  record = meet(group, record, fault)
  local fresh = not record
  if fresh then record = created(argument.epoch, argument.period) end
  if fault == 'newer' then return { told(group, record), fault } end
  if fresh and fault then redis.call('DEL', group.record) end
  local same = tonumber(record.epoch) == tonumber(argument.epoch)
  local asking, hushing
  local before = {}
  for _, field in ipairs(COUNTED) do before[field] = record[field] end
  if same then
    record.ok_at = newest(record.ok_at, argument.ok_at)
    record.fails = mergeFails(record.fails, argument.fails, integer(argument.keep_fails))
    record.slots = mergeSlots(record.slots, argument.slots, tonumber(argument.slot_width), integer(argument.keep_slots))
    asking = argument.ask and at - tonumber(record.asked) >= tonumber(argument.every)
    if asking then record.asked, record.asker = text(at), argument.ask end
    hushing = argument.hush and record.asker
    if hushing then record.asker = nil end
  end
  if settings.mirror and (same or fresh) then mirror(group, record, theirs(group)) end
  if fresh or settings.mirror then
    save(group, record)
    renew(group, record, true)
  else
    local changed = {}
    for _, field in ipairs(COUNTED) do
      if record[field] ~= before[field] then changed[#changed + 1] = field end
    end
    save(group, record, changed)
  end
  if asking then note(group, record, 'ask', argument.since) end
  if hushing then note(group, record, 'hush') end
  return { told(group, record), fault or '' }
end

local function written(before)
  local after = created('', '')
  local expected = before and tonumber(before.epoch) or 0
  after.epoch = argument.epoch or text(math.max(at, expected + 1))
  after.period = argument.period == 'new' and after.epoch or argument.period
  for _, field in ipairs({ 'state', 'relapses', 'successes', 'forced', 'overrides', 'policy', 'by', 'why', 'mover', 'move' }) do
    after[field] = argument[field]
  end
  after['until'] = absolute(argument['until'])
  after.leases = string.gsub(argument.leases, '=([^,]*)', function(time) return '=' .. absolute(time) end)
  if after.forced then after.forced_until = absolute(argument.forced_until) end
  return after
end

local function replace(group)
  local before, fault = load(group.record)
  before = meet(group, before, fault)
  local epoch = before and tonumber(before.epoch) or 0
  local early = argument.not_before and at < tonumber(argument.not_before)
  if fault == 'newer' or epoch ~= tonumber(argument.expected) or early then
    return { '0', before and told(group, before) or '', fault or '' }
  end
  if not before and fault then redis.call('DEL', group.record) end
  local after = written(before)
  if settings.mirror then
    mirror(group, after, theirs(group))
  elseif before then
    -- What a mirror last held is known to those who keep one: they find out that the circuit moved on.
    for _, field in ipairs(MIRRORED) do after[field] = before[field] end
  end
  save(group, after)
  local said = argument.said and { by = argument.said_by, why = argument.said_why }
  log(group, before, after, argument.period == 'new' and not argument.epoch, said)
  renew(group, after, true)
  local message = told(group, after)
  publish(group.channel, message)
  return { '1', message, fault or '' }
end

-- Marks names as in use. A name is written once a minute at most.
local function see(key)
  -- Changes nothing, and fails where writes do (no memory, a replica): a server that only answers reads is no storage.
  redis.call('ZADD', key, 'XX', text(at), '')
  for _, name in ipairs(argument.names) do
    local score = redis.call('ZSCORE', key, name)
    if not score or tonumber(score) < at - NAME_GRAIN then redis.call('ZADD', key, text(at), name) end
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(at - 30 * DAY))
  redis.call('ZREMRANGEBYRANK', key, 0, -MOST_NAMES - 1)
  if redis.call('PTTL', key) < 30 * DAY - HOUR then redis.call('PEXPIRE', key, text(30 * DAY)) end
end

local function history(groups)
  local answers = {}
  for index, group in ipairs(groups) do
    local entries = redis.pcall('XREVRANGE', group.transitions, '+', '-', 'COUNT', argument.limit)
    local answer = {}
    if not entries.err then
      for line, entry in ipairs(entries) do
        local fields = {}
        for position = 1, #entry[2], 2 do fields[entry[2][position]] = entry[2][position + 1] end
        answer[line] = cjson.encode(fields)
      end
    end
    answers[index] = answer
  end
  return answers
end

local function groupsOf()
  local width = 5
  if settings.mirror then width = settings.mirror == 'pybreaker' and 9 or 8 end
  local groups = {}
  for first = 1, #KEYS, width do
    local group = { record = KEYS[first], transitions = KEYS[first + 1], steps = KEYS[first + 2],
      processes = KEYS[first + 3], alone = KEYS[first + 4], channel = settings.channels[#groups + 1] }
    if settings.mirror then
      group.state, group.fails, group.opened = KEYS[first + 5], KEYS[first + 6], KEYS[first + 7]
      if width == 9 then group.successes = KEYS[first + 8] end
      group.rules = settings.rules[#groups + 1]
    end
    table.insert(groups, group)
  end
  return groups
end

if verb == 'see' then return see(KEYS[1]) end
if verb == 'names' then return redis.call('ZREVRANGE', KEYS[1], 0, tonumber(argument.limit) - 1) end
local groups = groupsOf()
if verb == 'read' then return read(groups) end
if verb == 'history' then return history(groups) end
if verb == 'reports' then return reports(groups) end
if verb == 'add' then return add(groups[1]) end
return replace(groups[1])
