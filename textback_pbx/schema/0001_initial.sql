-- Everything the agent knows. Times are INTEGER milliseconds since the Unix epoch, UTC (names end in _ms).
-- The hand-over between two stages is a row in a state; each partial index below is one stage's work list.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- calls ---------------------------------------------------------------------------------------------------

CREATE TABLE calls (
  id INTEGER PRIMARY KEY,
  call_key TEXT NOT NULL UNIQUE,          -- pbx/system name/Asterisk's start time/root Uniqueid
  pbx TEXT NOT NULL,
  uniqueid TEXT NOT NULL,
  line TEXT NOT NULL,                     -- the configured line's name
  dialled TEXT NOT NULL,
  caller_raw TEXT NOT NULL,               -- what the trunk sent, printable, at most 64 characters; '' when withheld
  caller TEXT,                            -- E.164; NULL when withheld or no number
  withheld INTEGER NOT NULL CHECK (withheld IN (0, 1)),
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL
    CHECK (outcome IN ('answered', 'busy', 'no_answer', 'not_reachable', 'none', 'lost')),
  detail TEXT NOT NULL DEFAULT '',
  ring_ms INTEGER,                        -- the longest ringing of one leg; NULL when it could not be measured
  source TEXT NOT NULL DEFAULT 'live' CHECK (source IN ('live', 'adopted', 'recovered')),
  confidence TEXT NOT NULL DEFAULT 'high' CHECK (confidence IN ('high', 'low')),
  legs TEXT NOT NULL DEFAULT '[]',        -- JSON list, as `calls replay --json` prints it
  facts TEXT NOT NULL DEFAULT '{}',       -- JSON: voicemail_left, handled_by, skip, consent, application, ...
  clock_trusted INTEGER NOT NULL DEFAULT 1 CHECK (clock_trusted IN (0, 1)),
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'decided'))
) STRICT;
CREATE INDEX calls_to_decide ON calls (id) WHERE state = 'new';
CREATE INDEX calls_by_caller ON calls (caller, ended_ms);
CREATE INDEX calls_by_end ON calls (ended_ms);
CREATE INDEX calls_by_uniqueid ON calls (uniqueid);

-- Calls out to a customer: an answered one is a call-back.
CREATE TABLE calls_out (
  id INTEGER PRIMARY KEY,
  call_key TEXT NOT NULL UNIQUE,
  number TEXT NOT NULL,
  ended_ms INTEGER NOT NULL,
  answered INTEGER NOT NULL CHECK (answered IN (0, 1))
) STRICT;
CREATE INDEX calls_out_by_number ON calls_out (number, ended_ms);

-- Time the agent did not hear the PBX. AMI has no replay, so a gap is a row, never a silence.
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  pbx TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER,                       -- NULL while it lasts
  reason TEXT NOT NULL,
  repaired TEXT NOT NULL DEFAULT 'no' CHECK (repaired IN ('no', 'cdr', 'partly')),
  recovered INTEGER NOT NULL DEFAULT 0,   -- calls found in, or mended by, Asterisk's call records
  result TEXT NOT NULL DEFAULT '',        -- the last look at them, in words
  looks INTEGER NOT NULL DEFAULT 0,
  look_ms INTEGER,                        -- when they are looked at next; NULL: as soon as the gap's end allows
  settled_ms INTEGER                      -- when the repair ended; NULL: it is still to be done
) STRICT;
CREATE INDEX gaps_to_repair ON gaps (id) WHERE settled_ms IS NULL;

-- consent -------------------------------------------------------------------------------------------------

-- Append-only and hash-chained. The chain holds a keyed fingerprint of the number and digests of the private
-- fields; the private fields themselves stand in consent_private, so that an erasure leaves the chain whole.
CREATE TABLE consent (
  seq INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,                  -- HMAC-SHA256 of the E.164 number; 'office' for a policy choice
  event TEXT NOT NULL CHECK (event IN ('granted', 'announced', 'implied', 'renewed', 'revoked', 'expired',
    'imported', 'erased', 'policy')),
  at_ms INTEGER NOT NULL,
  local_time TEXT NOT NULL,               -- ISO 8601 with offset, the office's zone
  basis TEXT NOT NULL,                    -- legal basis
  policy_version TEXT NOT NULL,
  purpose TEXT NOT NULL,
  channel TEXT NOT NULL,                  -- sms, voice, web, paper, cli, import, dialplan, api
  source TEXT NOT NULL,
  disclosure_version TEXT NOT NULL DEFAULT '',
  disclosure_hash TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  expires_ms INTEGER,
  private_hash TEXT NOT NULL,             -- SHA-256 over the salted private fields
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX consent_by_subject ON consent (subject, seq);
CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;

CREATE TABLE consent_private (
  seq INTEGER PRIMARY KEY REFERENCES consent (seq),
  number TEXT NOT NULL,
  evidence TEXT NOT NULL DEFAULT '{}',    -- JSON: inbound text, call id, file and row
  salt TEXT NOT NULL
) STRICT;
CREATE INDEX consent_private_by_number ON consent_private (number);

-- Disclosure texts by hash: what the person was shown, word for word.
CREATE TABLE disclosures (
  hash TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The fold of the ledger that the claim's transaction reads: who must not be texted, by fingerprint.
CREATE TABLE opt_outs (
  subject TEXT PRIMARY KEY,
  seq INTEGER NOT NULL REFERENCES consent (seq),
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- threads, messages ---------------------------------------------------------------------------------------

CREATE TABLE threads (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL,
  line TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'waiting_on_us', 'waiting_on_them', 'booked',
    'follow_up', 'no_response', 'closed')),
  owner TEXT NOT NULL DEFAULT '',
  look_ms INTEGER,                        -- follow_up: when somebody looks at it again; NULL: nobody said
  automation TEXT NOT NULL DEFAULT 'on' CHECK (automation IN ('on', 'paused')),
  intake TEXT NOT NULL DEFAULT '{}',      -- JSON: fields with span, rule and confidence
  sim TEXT,                               -- ICCID of the SIM that the last text went through, either way
  opened_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  UNIQUE (number, line)
) STRICT;
CREATE INDEX threads_by_update ON threads (updated_ms);
CREATE INDEX threads_by_status ON threads (status, updated_ms);

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  call_id INTEGER NOT NULL UNIQUE REFERENCES calls (id),   -- promise 1: one call, at most one decision
  at_ms INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('text', 'task', 'nothing')),
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,                   -- one plain sentence
  trace TEXT NOT NULL,                    -- JSON list of [rule, verdict, why] in order
  facts TEXT NOT NULL,                    -- JSON: the facts at the time
  template TEXT NOT NULL DEFAULT '',
  template_version TEXT NOT NULL DEFAULT '',
  dry_run INTEGER NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1))
) STRICT;

-- The templates that texts were made from, by version: an office's own words change, the proof does not.
CREATE TABLE templates (
  version TEXT NOT NULL,                  -- a hash of the words
  name TEXT NOT NULL,                     -- such as dental.es/busy.open, own/nudge
  body TEXT NOT NULL,
  first_used_ms INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- The second look, just before a held or delayed text leaves.
CREATE TABLE looks (
  id INTEGER PRIMARY KEY,
  decision_id INTEGER NOT NULL REFERENCES decisions (id),
  at_ms INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  trace TEXT NOT NULL
) STRICT;
CREATE INDEX looks_by_decision ON looks (decision_id);

-- The one second text of a call: it waits until due_ms, was put into the outbox, or never will be, and why.
CREATE TABLE nudges (
  call_id INTEGER PRIMARY KEY REFERENCES calls (id),
  state TEXT NOT NULL CHECK (state IN ('waits', 'sent', 'never')),
  at_ms INTEGER NOT NULL,                 -- when it was last judged
  due_ms INTEGER CHECK (due_ms IS NOT NULL OR state <> 'waits'),
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  trace TEXT NOT NULL,                    -- JSON list of [rule, verdict, why] in order
  message_id INTEGER REFERENCES messages (id)
) STRICT;
CREATE INDEX nudges_waiting ON nudges (due_ms) WHERE state = 'waits';

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('auto', 'nudge', 'optout_confirmation', 'optin_confirmation', 'help', 'staff', 'notify', 'test')),
  call_id INTEGER REFERENCES calls (id),
  thread_id INTEGER REFERENCES threads (id),
  inbound_id INTEGER REFERENCES inbound (id),   -- the text this one answers, for keyword answers
  line TEXT NOT NULL,
  number TEXT NOT NULL,                   -- E.164
  body TEXT NOT NULL,
  encoding TEXT NOT NULL CHECK (encoding IN ('gsm7', 'ucs2')),
  segments INTEGER NOT NULL CHECK (segments BETWEEN 1 AND 255),
  created_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,         -- delay, quiet hours
  expires_ms INTEGER NOT NULL,            -- later than this it is not sent
  template TEXT NOT NULL DEFAULT '',
  template_version TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,                    -- 'agent' or the member of staff
  look_again INTEGER NOT NULL DEFAULT 0 CHECK (look_again IN (0, 1)),  -- the facts are read again before it leaves
  cancelled TEXT,                         -- why it will not be sent; NULL while it may
  about_thread_id INTEGER                 -- a text to our own staff: the thread it tells of; it may outlive that
) STRICT;
CREATE UNIQUE INDEX one_automatic_text_per_call ON messages (call_id) WHERE kind = 'auto';   -- promise 1
CREATE UNIQUE INDEX one_nudge_per_call ON messages (call_id) WHERE kind = 'nudge';
CREATE UNIQUE INDEX one_keyword_answer_per_text ON messages (inbound_id, kind) WHERE inbound_id IS NOT NULL AND kind <> 'staff';
CREATE INDEX messages_by_number ON messages (number, created_ms);
CREATE INDEX messages_automatic ON messages (created_ms) WHERE kind IN ('auto', 'nudge');   -- the caps count these
CREATE INDEX messages_by_thread ON messages (thread_id, id);
CREATE INDEX messages_about ON messages (about_thread_id) WHERE about_thread_id IS NOT NULL;

-- One row per SMS part: the unit that is handed to the modem at most once without a human (promise 2).
CREATE TABLE parts (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES messages (id),
  seq INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 255),
  total INTEGER NOT NULL CHECK (total BETWEEN 1 AND 255),
  concat_ref INTEGER,                     -- 0..255; NULL for a single part
  text TEXT NOT NULL,
  pdu TEXT NOT NULL DEFAULT '',           -- the SMS-SUBMIT as it was handed over, hex; the modem sets the reference in it
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'claimed', 'handed_over', 'accepted', 'refused',
    'unknown', 'delivered', 'undelivered', 'expired', 'cancelled')),
  reason TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,       -- hand-overs so far
  next_try_ms INTEGER NOT NULL,
  modem TEXT,
  iccid TEXT,
  tp_mr INTEGER CHECK (tp_mr BETWEEN 0 AND 255),
  claimed_ms INTEGER,
  handed_over_ms INTEGER,
  accepted_ms INTEGER,
  settled_ms INTEGER,
  UNIQUE (message_id, seq)
) STRICT;
CREATE INDEX parts_to_send ON parts (next_try_ms, id) WHERE state = 'queued';
CREATE INDEX parts_open ON parts (state) WHERE state IN ('claimed', 'handed_over', 'accepted', 'unknown');
CREATE INDEX parts_by_sim ON parts (iccid, handed_over_ms);
CREATE INDEX parts_by_time ON parts (handed_over_ms) WHERE handed_over_ms IS NOT NULL;
CREATE INDEX parts_by_mr ON parts (tp_mr, accepted_ms) WHERE state IN ('accepted', 'unknown');

-- Every step a part took, kept for `why`.
CREATE TABLE part_events (
  id INTEGER PRIMARY KEY,
  part_id INTEGER NOT NULL REFERENCES parts (id),
  at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL DEFAULT 'agent'
) STRICT;
CREATE INDEX part_events_by_part ON part_events (part_id);

CREATE TABLE status_reports (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  modem TEXT NOT NULL,
  iccid TEXT,
  recipient TEXT NOT NULL,
  tp_mr INTEGER NOT NULL,
  tp_st INTEGER NOT NULL,                 -- 3GPP 23.040, 9.2.3.15
  scts_ms INTEGER,
  discharge_ms INTEGER,
  raw TEXT NOT NULL,                      -- the PDU, hex
  received_ms INTEGER NOT NULL,
  part_id INTEGER REFERENCES parts (id)   -- NULL: an orphan, nobody here asked for it (or not yet matched)
) STRICT;
CREATE INDEX status_reports_orphans ON status_reports (recipient, tp_mr) WHERE part_id IS NULL;
CREATE INDEX status_reports_by_part ON status_reports (part_id);

-- inbound -------------------------------------------------------------------------------------------------

CREATE TABLE inbound_parts (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,       -- sender, SCTS, concatenation reference and part, content (promise 4)
  modem TEXT NOT NULL,
  iccid TEXT,                             -- the SIM it was sent to
  sender TEXT NOT NULL,                   -- E.164, or the alphanumeric name as sent; '' when it could not be read
  scts_ms INTEGER,
  concat_ref INTEGER,
  seq INTEGER NOT NULL DEFAULT 1,
  total INTEGER NOT NULL DEFAULT 1,
  text TEXT,                              -- NULL: undecodable, see raw
  raw TEXT NOT NULL,                      -- the PDU, hex
  problem TEXT NOT NULL DEFAULT '',       -- why it could not be decoded, or what is odd
  received_ms INTEGER NOT NULL,
  inbound_id INTEGER REFERENCES inbound (id)
) STRICT;
CREATE INDEX inbound_parts_by_text ON inbound_parts (inbound_id) WHERE inbound_id IS NOT NULL;
CREATE INDEX inbound_parts_waiting ON inbound_parts (sender, concat_ref) WHERE inbound_id IS NULL;

CREATE TABLE inbound (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER REFERENCES threads (id),
  sender TEXT NOT NULL,
  line TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  complete INTEGER NOT NULL DEFAULT 1 CHECK (complete IN (0, 1)),
  scts_ms INTEGER,
  received_ms INTEGER NOT NULL,
  keyword TEXT NOT NULL DEFAULT '' CHECK (keyword IN ('', 'stop', 'start', 'help', 'ambiguous', 'none')),
  keyword_why TEXT NOT NULL DEFAULT '',
  intake TEXT NOT NULL DEFAULT '{}',
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'handled')),
  about_thread_id INTEGER                 -- a text of our own staff: the thread it is about; it may outlive that
) STRICT;
CREATE INDEX inbound_about ON inbound (about_thread_id) WHERE about_thread_id IS NOT NULL;
CREATE INDEX inbound_to_handle ON inbound (id) WHERE state = 'new';
CREATE INDEX inbound_by_thread ON inbound (thread_id, id);
CREATE INDEX inbound_by_sender ON inbound (sender, received_ms);

CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES threads (id),
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX notes_by_thread ON notes (thread_id);

-- What a person corrected in what was understood: kept, so that the reading can be made better.
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES threads (id),
  inbound_id INTEGER REFERENCES inbound (id),   -- the last text then
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  field TEXT NOT NULL,
  was TEXT NOT NULL,                      -- JSON
  now TEXT NOT NULL                       -- JSON
) STRICT;
CREATE INDEX corrections_by_thread ON corrections (thread_id);
CREATE INDEX corrections_by_text ON corrections (inbound_id) WHERE inbound_id IS NOT NULL;

-- What a conversation became: an appointment or a job, with its window where one is known.
CREATE TABLE bookings (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES threads (id),
  made_ms INTEGER NOT NULL,
  from_ms INTEGER,
  until_ms INTEGER,
  what TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  withdrawn_ms INTEGER,                   -- NULL while it stands
  CHECK ((from_ms IS NULL) = (until_ms IS NULL) AND coalesce(from_ms < until_ms, 1))
) STRICT;
CREATE INDEX bookings_by_thread ON bookings (thread_id, made_ms);

-- contacts: the people an office knows. A name here may stand in a text; a caller ID's never does.
CREATE TABLE contacts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL DEFAULT '',
  customer TEXT NOT NULL DEFAULT '' CHECK (customer IN ('', 'new', 'known')),
  email TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL,                   -- who wrote it down, or the file it came from
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE contact_numbers (
  number TEXT PRIMARY KEY,                -- E.164: one number is one person's
  contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_numbers_by_contact ON contact_numbers (contact_id);
CREATE TABLE contact_tags (
  tag TEXT NOT NULL,
  contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  PRIMARY KEY (tag, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tags_by_contact ON contact_tags (contact_id);

-- What has been told to calendars: a changed entry keeps its UID and counts its SEQUENCE up (RFC 5545, 3.8.7.4).
CREATE TABLE calendar_entries (
  uid TEXT PRIMARY KEY,
  digest TEXT NOT NULL,                   -- of what it said last; holds no words of a customer
  sequence INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The full-text index: no words of its own beside the tables' (external content), kept in step by these triggers, so
-- that whatever deletes or overwrites words takes them out of the index in the same statement. With the line in it a
-- search of one line reads that line's texts only; the beginnings of two and three letters have lists of their own.
CREATE VIRTUAL TABLE messages_words USING fts5 (body, line, content='messages', content_rowid='id',
  tokenize='unicode61 remove_diacritics 2', prefix='2 3', columnsize=0);
CREATE TRIGGER messages_words_in AFTER INSERT ON messages BEGIN
  INSERT INTO messages_words (rowid, body, line) VALUES (NEW.id, NEW.body, NEW.line);
END;
CREATE TRIGGER messages_words_out AFTER DELETE ON messages BEGIN
  INSERT INTO messages_words (messages_words, rowid, body, line) VALUES ('delete', OLD.id, OLD.body, OLD.line);
END;
CREATE TRIGGER messages_words_new AFTER UPDATE OF body, line ON messages BEGIN
  INSERT INTO messages_words (messages_words, rowid, body, line) VALUES ('delete', OLD.id, OLD.body, OLD.line);
  INSERT INTO messages_words (rowid, body, line) VALUES (NEW.id, NEW.body, NEW.line);
END;
CREATE VIRTUAL TABLE inbound_words USING fts5 (body, line, content='inbound', content_rowid='id',
  tokenize='unicode61 remove_diacritics 2', prefix='2 3', columnsize=0);
CREATE TRIGGER inbound_words_in AFTER INSERT ON inbound BEGIN
  INSERT INTO inbound_words (rowid, body, line) VALUES (NEW.id, NEW.body, NEW.line);
END;
CREATE TRIGGER inbound_words_out AFTER DELETE ON inbound BEGIN
  INSERT INTO inbound_words (inbound_words, rowid, body, line) VALUES ('delete', OLD.id, OLD.body, OLD.line);
END;
CREATE TRIGGER inbound_words_new AFTER UPDATE OF body, line ON inbound BEGIN
  INSERT INTO inbound_words (inbound_words, rowid, body, line) VALUES ('delete', OLD.id, OLD.body, OLD.line);
  INSERT INTO inbound_words (rowid, body, line) VALUES (NEW.id, NEW.body, NEW.line);
END;
CREATE VIRTUAL TABLE notes_words USING fts5 (body, content='notes', content_rowid='id',
  tokenize='unicode61 remove_diacritics 2', prefix='2 3', columnsize=0);
CREATE TRIGGER notes_words_in AFTER INSERT ON notes BEGIN
  INSERT INTO notes_words (rowid, body) VALUES (NEW.id, NEW.body);
END;
CREATE TRIGGER notes_words_out AFTER DELETE ON notes BEGIN
  INSERT INTO notes_words (notes_words, rowid, body) VALUES ('delete', OLD.id, OLD.body);
END;
CREATE TRIGGER notes_words_new AFTER UPDATE OF body ON notes BEGIN
  INSERT INTO notes_words (notes_words, rowid, body) VALUES ('delete', OLD.id, OLD.body);
  INSERT INTO notes_words (rowid, body) VALUES (NEW.id, NEW.body);
END;
CREATE VIRTUAL TABLE contacts_words USING fts5 (name, note, content='contacts', content_rowid='id',
  tokenize='unicode61 remove_diacritics 2', prefix='2 3', columnsize=0);
CREATE TRIGGER contacts_words_in AFTER INSERT ON contacts BEGIN
  INSERT INTO contacts_words (rowid, name, note) VALUES (NEW.id, NEW.name, NEW.note);
END;
CREATE TRIGGER contacts_words_out AFTER DELETE ON contacts BEGIN
  INSERT INTO contacts_words (contacts_words, rowid, name, note) VALUES ('delete', OLD.id, OLD.name, OLD.note);
END;
CREATE TRIGGER contacts_words_new AFTER UPDATE OF name, note ON contacts BEGIN
  INSERT INTO contacts_words (contacts_words, rowid, name, note) VALUES ('delete', OLD.id, OLD.name, OLD.note);
  INSERT INTO contacts_words (rowid, name, note) VALUES (NEW.id, NEW.name, NEW.note);
END;

-- tasks ---------------------------------------------------------------------------------------------------

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('call_back', 'reply', 'unknown_send', 'review', 'repair')),
  source TEXT NOT NULL UNIQUE,            -- what made it (call:12, part:7, inbound:3): at most one task each
  call_id INTEGER REFERENCES calls (id),
  thread_id INTEGER REFERENCES threads (id),
  number TEXT,
  line TEXT NOT NULL,
  reason TEXT NOT NULL,
  priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'urgent', 'emergency')),
  owner TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dropped')),
  created_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  closed_by TEXT NOT NULL DEFAULT '',
  result TEXT NOT NULL DEFAULT '',
  queue TEXT NOT NULL DEFAULT '',         -- the queue its owner was chosen from, '' for none
  level INTEGER NOT NULL DEFAULT 0,       -- how often it was passed on or announced since its deadline
  escalate_ms INTEGER                     -- when the next step is due; NULL: at the deadline
) STRICT;
CREATE INDEX tasks_to_escalate ON tasks (coalesce(escalate_ms, due_ms)) WHERE state = 'open';
CREATE INDEX tasks_open ON tasks (due_ms) WHERE state = 'open';
CREATE INDEX tasks_by_number ON tasks (number) WHERE state = 'open';
CREATE INDEX tasks_by_thread ON tasks (thread_id);
CREATE INDEX tasks_by_call ON tasks (call_id);

-- What a task went through: who had it, when it was raised, announced as overdue, passed on, closed.
CREATE TABLE task_events (
  id INTEGER PRIMARY KEY,
  task_id INTEGER NOT NULL REFERENCES tasks (id),
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('opened', 'assigned', 'raised', 'taken', 'overdue', 'escalated', 'reminded',
    'done', 'dropped', 'reopened')),
  owner TEXT NOT NULL,
  actor TEXT NOT NULL DEFAULT 'agent',
  detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX task_events_by_task ON task_events (task_id);

-- Whose turn it is in a queue: the member with the lowest number among the available gets the next task.
CREATE TABLE queue_turns (
  queue TEXT NOT NULL,
  person TEXT NOT NULL,
  turn INTEGER NOT NULL,
  PRIMARY KEY (queue, person)
) STRICT, WITHOUT ROWID;

-- Absences said by command; those of the configuration stand there.
CREATE TABLE absences (
  id INTEGER PRIMARY KEY,
  person TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL CHECK (until_ms > from_ms),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX absences_by_end ON absences (until_ms);

-- What happened that somebody may have to be told, written in the transaction in which it happened.
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE DEFAULT ('evt_' || lower(hex(randomblob(12)))),   -- the webhook-id of every try
  name TEXT NOT NULL,
  source TEXT NOT NULL UNIQUE,            -- what it tells of: each thing is told of once
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL DEFAULT '{}',        -- JSON: ids and facts; never a word of a customer
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'told'))
) STRICT;
CREATE INDEX events_to_tell ON events (id) WHERE state = 'new';
CREATE INDEX events_by_time ON events (at_ms);

-- One row for each event and each way of telling somebody of it: nothing is told twice.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL REFERENCES events (id),
  channel TEXT NOT NULL CHECK (channel IN ('webhook', 'apprise', 'sms')),
  target TEXT NOT NULL,                   -- the endpoint's or person's name; addresses and secrets stay in the configuration
  payload TEXT NOT NULL,                  -- what is said; emptied once it was
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead', 'dropped')),
  tries INTEGER NOT NULL DEFAULT 0,
  next_try_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  settled_ms INTEGER,
  error TEXT NOT NULL DEFAULT '',
  message_id INTEGER REFERENCES messages (id),   -- the text in the outbox, for channel sms
  task_id INTEGER,                        -- what a message to staff is about; no reference: it may outlive the task
  UNIQUE (event_id, channel, target)
) STRICT;
CREATE INDEX notifications_waiting ON notifications (next_try_ms, id) WHERE state = 'waiting';
CREATE INDEX notifications_by_end ON notifications (settled_ms) WHERE settled_ms IS NOT NULL;
CREATE INDEX notifications_by_task ON notifications (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX notifications_dead ON notifications (id) WHERE state = 'dead';
CREATE INDEX notifications_by_target ON notifications (channel, target, id);
CREATE INDEX notifications_by_message ON notifications (message_id) WHERE message_id IS NOT NULL;

-- Endpoints that said they are gone (410): nothing goes there until a person says so.
CREATE TABLE gone_targets (
  channel TEXT NOT NULL,
  target TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (channel, target)
) STRICT, WITHOUT ROWID;

-- The short codes by which staff answer a thread from their own phones; a code moves to another thread only long
-- after anybody was last told of it, and a person's code means the thread that this person was told of.
CREATE TABLE codes (
  code INTEGER PRIMARY KEY CHECK (code BETWEEN 10 AND 99999),
  thread_id INTEGER NOT NULL UNIQUE REFERENCES threads (id),
  last_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE code_holders (
  code INTEGER NOT NULL,
  person TEXT NOT NULL,
  thread_id INTEGER NOT NULL,
  PRIMARY KEY (code, person)
) STRICT, WITHOUT ROWID;

-- An opt-out is told of whoever wrote it into the ledger. No ON CONFLICT here: the outer statement's would win.
CREATE TRIGGER opt_out_event AFTER INSERT ON opt_outs BEGIN
  INSERT INTO events (name, source, at_ms, data)
  SELECT 'optout', 'optout:' || NEW.seq, NEW.at_ms, json_object('consent_seq', NEW.seq)
  WHERE NOT EXISTS (SELECT 1 FROM events WHERE source = 'optout:' || NEW.seq);
END;

-- The weekly report's mails: one row a week, so that none goes out twice and none is forgotten over a restart.
CREATE TABLE weekly_mails (
  week TEXT PRIMARY KEY,                  -- its Monday, ISO date, office's zone
  made_ms INTEGER NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- the device ----------------------------------------------------------------------------------------------

-- Numbers that cannot take texts: learned from refusals and reports (a landline in North America).
CREATE TABLE cannot_text (
  number TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One PIN attempt per card and PIN, written before it is tried: three wrong ones lock the SIM.
CREATE TABLE pin_attempts (
  iccid TEXT NOT NULL,
  pin_hash TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  result TEXT NOT NULL DEFAULT 'tried' CHECK (result IN ('tried', 'accepted', 'refused')),
  PRIMARY KEY (iccid, pin_hash)
) STRICT, WITHOUT ROWID;

-- What is wrong now, in words; `status` and `doctor` read it. One row per part of the program.
CREATE TABLE health (
  component TEXT PRIMARY KEY,             -- ami, modem, clock, disk, database, consent, outbox
  state TEXT NOT NULL CHECK (state IN ('ok', 'warn', 'fail')),
  message TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
