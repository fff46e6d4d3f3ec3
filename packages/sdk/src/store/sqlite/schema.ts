import { STATE_STEP } from "./schema-state.ts";
import { SEARCH_STEP } from "./search-index.ts";
import { CURSOR_STEP } from "./sqlite-cursors.ts";
import { PREPARED_STEP } from "./sqlite-prepared.ts";

/** "RedR", in the header of every file of ours: what `file` shows, and what tells them from other programs' databases. */
export const APPLICATION_ID = 0x52_65_64_52;

/**
 * The steps from an empty file to today's schema. Only ever appended to: a file with `user_version` n has had the first n.
 * A step that is long has a file of its own. `docs/store.md` explains the tables.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE topics (
  topic INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- The leaf line is the truth; the columns beside it are computed from it and cannot contradict it.
CREATE TABLE entries (
  topic INTEGER NOT NULL REFERENCES topics,
  seq INTEGER NOT NULL CHECK (seq = leaf ->> '$.seq'),
  leaf TEXT NOT NULL CHECK (leaf ->> '$.v' = 1),
  id TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.id') VIRTUAL,
  kind TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.kind') VIRTUAL,
  author TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.by') VIRTUAL,
  at INTEGER NOT NULL GENERATED ALWAYS AS (leaf ->> '$.at') VIRTUAL,
  re INTEGER GENERATED ALWAYS AS (leaf ->> '$.re') VIRTUAL,
  -- The roots of the subtrees of 2, 4, 8 … entries that this one completes: 32 bytes each, often none.
  nodes BLOB NOT NULL CHECK (length(nodes) % 32 = 0),
  PRIMARY KEY (topic, seq),
  UNIQUE (topic, author, id)
) STRICT, WITHOUT ROWID;

-- Apart from the entries, because it is what the law may ask to erase.
CREATE TABLE contents (
  topic INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  content TEXT NOT NULL CHECK (json_valid(content)),
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  PRIMARY KEY (topic, seq),
  FOREIGN KEY (topic, seq) REFERENCES entries
) STRICT;

-- Every key that ever signed here, and every head that was signed.
CREATE TABLE log_keys (
  log_key INTEGER PRIMARY KEY,
  public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32)
) STRICT;

CREATE TABLE checkpoints (
  topic INTEGER NOT NULL REFERENCES topics,
  size INTEGER NOT NULL CHECK (size > 0),
  log_key INTEGER NOT NULL REFERENCES log_keys,
  note TEXT NOT NULL,
  PRIMARY KEY (topic, size, log_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pseudonyms (
  topic INTEGER NOT NULL REFERENCES topics,
  pseudonym TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES people,
  PRIMARY KEY (topic, pseudonym),
  UNIQUE (topic, person)
) STRICT, WITHOUT ROWID;

-- Who has received what, computed from the entries of the kind delivery: written with them, verified against them.
CREATE TABLE received (
  topic INTEGER NOT NULL REFERENCES topics,
  pseudonym TEXT NOT NULL,
  ranges TEXT NOT NULL CHECK (json_type(ranges) = 'array'),
  -- The newest entry that says so.
  delivery INTEGER NOT NULL,
  PRIMARY KEY (topic, pseudonym),
  FOREIGN KEY (topic, delivery) REFERENCES entries
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  user INTEGER PRIMARY KEY,
  person TEXT NOT NULL UNIQUE REFERENCES people,
  login TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

-- What neither a hash, a signature nor a unique index repeats is in an index too: two copies, which PRAGMA integrity_check
-- compares, so that no damage goes unseen.
CREATE INDEX topics_copy ON topics (created_at);
CREATE INDEX people_copy ON people (name);
CREATE INDEX users_copy ON users (password_hash, admin, created_at);

-- Nobody changes or removes what is on record. REPLACE removes rows without a DELETE trigger, so inserts are checked too.
CREATE TRIGGER topics_insert BEFORE INSERT ON topics BEGIN
  SELECT RAISE(ABORT, 'a topic is created once')
  WHERE EXISTS (SELECT 1 FROM topics WHERE topic = NEW.topic OR id = NEW.id OR title = NEW.title);
END;
CREATE TRIGGER topics_update BEFORE UPDATE ON topics BEGIN SELECT RAISE(ABORT, 'topics are never changed'); END;
CREATE TRIGGER topics_delete BEFORE DELETE ON topics BEGIN SELECT RAISE(ABORT, 'topics are never removed'); END;

CREATE TRIGGER entries_insert BEFORE INSERT ON entries BEGIN
  SELECT RAISE(ABORT, 'entries are numbered without gaps')
  WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries WHERE topic = NEW.topic);
  SELECT RAISE(ABORT, 'an entry belongs to the topic that its leaf names')
  WHERE NEW.leaf ->> '$.topic' IS NOT (SELECT id FROM topics WHERE topic = NEW.topic);
  SELECT RAISE(ABORT, 'an author uses an id once')
  WHERE EXISTS (SELECT 1 FROM entries WHERE topic = NEW.topic AND author = NEW.author AND id = NEW.id);
END;
CREATE TRIGGER entries_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;

CREATE TRIGGER contents_insert BEFORE INSERT ON contents BEGIN
  SELECT RAISE(ABORT, 'content is written once')
  WHERE EXISTS (SELECT 1 FROM contents WHERE topic = NEW.topic AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM contents WHERE rowid = NEW.rowid);
END;
CREATE TRIGGER contents_update BEFORE UPDATE ON contents BEGIN SELECT RAISE(ABORT, 'content is never changed'); END;
CREATE TRIGGER contents_delete BEFORE DELETE ON contents BEGIN
  SELECT RAISE(ABORT, 'content is only removed by an erasure on record')
  WHERE NOT EXISTS (SELECT 1 FROM entries WHERE topic = OLD.topic AND kind = 'erasure' AND re = OLD.seq)
    OR EXISTS (SELECT 1 FROM entries WHERE topic = OLD.topic AND seq = OLD.seq AND kind NOT IN ('question', 'answer', 'note'));
END;

CREATE TRIGGER checkpoints_insert BEFORE INSERT ON checkpoints BEGIN
  SELECT RAISE(ABORT, 'a checkpoint is of the head')
  WHERE NEW.size IS NOT (SELECT max(seq) FROM entries WHERE topic = NEW.topic);
  SELECT RAISE(ABORT, 'a head is signed once by a key')
  WHERE EXISTS (SELECT 1 FROM checkpoints WHERE topic = NEW.topic AND size = NEW.size AND log_key = NEW.log_key);
END;
CREATE TRIGGER checkpoints_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER checkpoints_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END;

CREATE TRIGGER log_keys_insert BEFORE INSERT ON log_keys BEGIN
  SELECT RAISE(ABORT, 'a key is added once')
  WHERE EXISTS (SELECT 1 FROM log_keys WHERE log_key = NEW.log_key OR public_key = NEW.public_key);
END;
CREATE TRIGGER log_keys_update BEFORE UPDATE ON log_keys BEGIN SELECT RAISE(ABORT, 'keys are never changed'); END;
CREATE TRIGGER log_keys_delete BEFORE DELETE ON log_keys BEGIN SELECT RAISE(ABORT, 'keys are never removed'); END;

CREATE TRIGGER pseudonyms_insert BEFORE INSERT ON pseudonyms BEGIN
  SELECT RAISE(ABORT, 'a pseudonym is given once')
  WHERE EXISTS (SELECT 1 FROM pseudonyms WHERE topic = NEW.topic AND pseudonym = NEW.pseudonym)
    OR EXISTS (SELECT 1 FROM pseudonyms WHERE topic = NEW.topic AND person = NEW.person);
END;
CREATE TRIGGER pseudonyms_update BEFORE UPDATE ON pseudonyms BEGIN SELECT RAISE(ABORT, 'pseudonyms are never changed'); END;
CREATE TRIGGER pseudonyms_delete BEFORE DELETE ON pseudonyms BEGIN SELECT RAISE(ABORT, 'pseudonyms are never removed'); END;

-- What was received only ever grows, each time with a newer delivery on record.
CREATE TRIGGER received_insert BEFORE INSERT ON received BEGIN
  SELECT RAISE(ABORT, 'a receiver is added once')
  WHERE EXISTS (SELECT 1 FROM received WHERE topic = NEW.topic AND pseudonym = NEW.pseudonym);
  SELECT RAISE(ABORT, 'what was received is what a delivery on record says')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries, json_each(leaf, '$.to')
    WHERE topic = NEW.topic AND seq = NEW.delivery AND kind = 'delivery' AND value = NEW.pseudonym
  );
END;
CREATE TRIGGER received_update BEFORE UPDATE ON received BEGIN
  SELECT RAISE(ABORT, 'a receiver is never changed')
  WHERE NEW.topic IS NOT OLD.topic OR NEW.pseudonym IS NOT OLD.pseudonym OR NEW.delivery <= OLD.delivery;
  SELECT RAISE(ABORT, 'what was received is what a delivery on record says')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries, json_each(leaf, '$.to')
    WHERE topic = NEW.topic AND seq = NEW.delivery AND kind = 'delivery' AND value = NEW.pseudonym
  );
END;
CREATE TRIGGER received_delete BEFORE DELETE ON received BEGIN SELECT RAISE(ABORT, 'receivers are never removed'); END;

-- A person may take another name, and stays the same person.
CREATE TRIGGER people_insert BEFORE INSERT ON people BEGIN
  SELECT RAISE(ABORT, 'a person is added once') WHERE EXISTS (SELECT 1 FROM people WHERE id = NEW.id);
END;
CREATE TRIGGER people_update BEFORE UPDATE OF id ON people BEGIN SELECT RAISE(ABORT, 'people keep their ids'); END;
CREATE TRIGGER people_delete BEFORE DELETE ON people BEGIN SELECT RAISE(ABORT, 'people are never removed'); END;

-- For people with a SQL prompt.
CREATE VIEW messages AS
SELECT
  topics.title AS topic,
  entries.seq,
  strftime('%Y-%m-%dT%H:%M:%fZ', entries.at / 1000.0, 'unixepoch') AS at,
  people.name AS author,
  entries.kind,
  entries.re,
  contents.content ->> '$.text' AS text
FROM topics
JOIN entries USING (topic)
LEFT JOIN contents USING (topic, seq)
LEFT JOIN pseudonyms ON pseudonyms.topic = entries.topic AND pseudonyms.pseudonym = entries.author
LEFT JOIN people ON people.id = pseudonyms.person
WHERE entries.kind <> 'delivery'
ORDER BY topics.topic, entries.seq;

CREATE VIEW deliveries AS
SELECT
  topics.title AS topic,
  entries.seq,
  strftime('%Y-%m-%dT%H:%M:%fZ', entries.at / 1000.0, 'unixepoch') AS at,
  people.name AS receiver,
  CAST(contents.content ->> '$.text' AS INTEGER) AS first,
  entries.re AS last
FROM topics
JOIN entries USING (topic)
JOIN contents USING (topic, seq)
JOIN json_each(entries.leaf, '$.to') AS receivers
LEFT JOIN pseudonyms ON pseudonyms.topic = entries.topic AND pseudonyms.pseudonym = receivers.value
LEFT JOIN people ON people.id = pseudonyms.person
WHERE entries.kind = 'delivery'
ORDER BY topics.topic, entries.seq, people.name;

CREATE VIEW topic_summaries AS
SELECT
  topics.title,
  count(entries.seq) AS messages,
  strftime('%Y-%m-%dT%H:%M:%fZ', min(entries.at) / 1000.0, 'unixepoch') AS first,
  strftime('%Y-%m-%dT%H:%M:%fZ', max(entries.at) / 1000.0, 'unixepoch') AS last
FROM topics
LEFT JOIN entries ON entries.topic = topics.topic AND entries.kind <> 'delivery'
GROUP BY topics.topic
ORDER BY topics.topic;
`,
  STATE_STEP,
  SEARCH_STEP,
  PREPARED_STEP,
  `
-- Whoever may not log in, has consented to a text, or must not be erased.
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));
ALTER TABLE users ADD COLUMN consented_at INTEGER;
ALTER TABLE users ADD COLUMN consent_digest TEXT CHECK ((consent_digest IS NULL) = (consented_at IS NULL));
ALTER TABLE users ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0 CHECK (legal_hold IN (0, 1));
ALTER TABLE people ADD COLUMN erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1));

DROP INDEX people_copy;
CREATE INDEX people_copy ON people (name, erased);
DROP INDEX users_copy;
CREATE INDEX users_copy ON users (password_hash, admin, created_at, disabled, consented_at, consent_digest, legal_hold);

CREATE TRIGGER people_erased BEFORE UPDATE ON people WHEN OLD.erased = 1 BEGIN
  SELECT RAISE(ABORT, 'who was erased gets no name again');
END;
CREATE TRIGGER users_insert BEFORE INSERT ON users BEGIN
  SELECT RAISE(ABORT, 'a user is added once')
  WHERE EXISTS (SELECT 1 FROM users WHERE user = NEW.user OR person = NEW.person OR login = NEW.login);
  SELECT RAISE(ABORT, 'who was erased is no user again')
  WHERE EXISTS (SELECT 1 FROM people WHERE id = NEW.person AND erased = 1);
END;
CREATE TRIGGER users_update BEFORE UPDATE OF user, person, created_at ON users BEGIN
  SELECT RAISE(ABORT, 'a user stays the same person');
END;
CREATE TRIGGER users_delete BEFORE DELETE ON users WHEN OLD.legal_hold = 1 BEGIN
  SELECT RAISE(ABORT, 'who is under a legal hold stays a user');
END;
`,
  CURSOR_STEP,
];
