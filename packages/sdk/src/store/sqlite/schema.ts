/** "RRom": what `file` and SQLite's header say that this database is. */
export const APPLICATION_ID = 0x52_52_6f_6d;

/**
 * The steps from an empty file to today's schema. Only ever appended to: a file with `user_version` n has had the first n.
 * `docs/store.md` explains the tables.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE topics (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- The leaf line is the truth; the columns beside it are computed from it and cannot contradict it.
CREATE TABLE entries (
  topic INTEGER NOT NULL REFERENCES topics (key),
  seq INTEGER NOT NULL CHECK (seq = leaf ->> '$.seq'),
  leaf TEXT NOT NULL,
  id TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.id') VIRTUAL,
  kind TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.kind') VIRTUAL,
  author TEXT NOT NULL GENERATED ALWAYS AS (leaf ->> '$.by') VIRTUAL,
  at INTEGER NOT NULL GENERATED ALWAYS AS (leaf ->> '$.at') VIRTUAL,
  re INTEGER GENERATED ALWAYS AS (leaf ->> '$.re') VIRTUAL,
  PRIMARY KEY (topic, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entries_once ON entries (topic, author, id);

-- Apart from the entries, because it is what the law may ask to erase.
CREATE TABLE contents (
  topic INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  content TEXT NOT NULL,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  PRIMARY KEY (topic, seq),
  FOREIGN KEY (topic, seq) REFERENCES entries (topic, seq)
) STRICT;

CREATE TABLE people (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pseudonyms (
  topic INTEGER NOT NULL REFERENCES topics (key),
  pseudonym TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  PRIMARY KEY (topic, pseudonym),
  UNIQUE (topic, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  key INTEGER PRIMARY KEY,
  person TEXT NOT NULL UNIQUE REFERENCES people (id),
  login TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

-- Nobody changes or removes a record. INSERT OR REPLACE deletes without a DELETE trigger, so inserts are checked too.
CREATE TRIGGER entries_append BEFORE INSERT ON entries BEGIN
  SELECT RAISE(ABORT, 'entries are numbered without gaps')
    WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries WHERE topic = NEW.topic);
  SELECT RAISE(ABORT, 'an entry belongs to the topic that its leaf names')
    WHERE NEW.leaf ->> '$.topic' IS NOT (SELECT id FROM topics WHERE key = NEW.topic);
  SELECT RAISE(ABORT, 'an author uses an id once')
    WHERE EXISTS (
      SELECT 1 FROM entries
      WHERE topic = NEW.topic AND author = NEW.leaf ->> '$.by' AND id = NEW.leaf ->> '$.id'
    );
END;
CREATE TRIGGER entries_keep BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;

CREATE TRIGGER contents_append BEFORE INSERT ON contents BEGIN
  SELECT RAISE(ABORT, 'a content is written once')
    WHERE EXISTS (SELECT 1 FROM contents WHERE topic = NEW.topic AND seq = NEW.seq);
END;
CREATE TRIGGER contents_keep BEFORE UPDATE ON contents BEGIN SELECT RAISE(ABORT, 'contents are never changed'); END;
CREATE TRIGGER contents_stay BEFORE DELETE ON contents BEGIN SELECT RAISE(ABORT, 'contents are never removed'); END;

CREATE TRIGGER topics_append BEFORE INSERT ON topics BEGIN
  SELECT RAISE(ABORT, 'a topic is made once')
    WHERE EXISTS (SELECT 1 FROM topics WHERE key = NEW.key OR id = NEW.id OR title = NEW.title);
END;
CREATE TRIGGER topics_keep BEFORE UPDATE ON topics BEGIN SELECT RAISE(ABORT, 'topics are never changed'); END;
CREATE TRIGGER topics_stay BEFORE DELETE ON topics BEGIN SELECT RAISE(ABORT, 'topics are never removed'); END;

CREATE TRIGGER pseudonyms_append BEFORE INSERT ON pseudonyms BEGIN
  SELECT RAISE(ABORT, 'a pseudonym is given once')
    WHERE EXISTS (
      SELECT 1 FROM pseudonyms WHERE topic = NEW.topic AND (pseudonym = NEW.pseudonym OR person = NEW.person)
    );
END;
CREATE TRIGGER pseudonyms_keep BEFORE UPDATE ON pseudonyms BEGIN SELECT RAISE(ABORT, 'pseudonyms never change'); END;
CREATE TRIGGER pseudonyms_stay BEFORE DELETE ON pseudonyms BEGIN SELECT RAISE(ABORT, 'pseudonyms stay'); END;

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
  FROM entries
  JOIN topics ON topics.key = entries.topic
  LEFT JOIN contents ON contents.topic = entries.topic AND contents.seq = entries.seq
  LEFT JOIN pseudonyms ON pseudonyms.topic = entries.topic AND pseudonyms.pseudonym = entries.author
  LEFT JOIN people ON people.id = pseudonyms.person
  ORDER BY entries.topic, entries.seq;

CREATE VIEW topic_summaries AS
  SELECT
    topics.title,
    count(entries.seq) AS messages,
    strftime('%Y-%m-%dT%H:%M:%fZ', min(entries.at) / 1000.0, 'unixepoch') AS first,
    strftime('%Y-%m-%dT%H:%M:%fZ', max(entries.at) / 1000.0, 'unixepoch') AS last
  FROM topics
  LEFT JOIN entries ON entries.topic = topics.key
  GROUP BY topics.key
  ORDER BY topics.key;
`,
];
