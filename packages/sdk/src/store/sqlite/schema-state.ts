/**
 * The step that adds the state of topics: who belongs to them, what became of their questions, which answers are sealed. All
 * of it is computed from the entries, written with them and verified against them. `docs/store.md` explains the tables.
 */
export const STATE_STEP = `
ALTER TABLE topics ADD COLUMN regulated INTEGER NOT NULL DEFAULT 0 CHECK (regulated IN (0, 1));
DROP INDEX topics_copy;
CREATE INDEX topics_copy ON topics (created_at, regulated);

-- Who belongs to a topic, or did: then without roles.
CREATE TABLE memberships (
  topic INTEGER NOT NULL REFERENCES topics,
  pseudonym TEXT NOT NULL,
  roles TEXT NOT NULL,
  -- The newest entry that says so.
  entry INTEGER NOT NULL,
  PRIMARY KEY (topic, pseudonym),
  FOREIGN KEY (topic, entry) REFERENCES entries
) STRICT, WITHOUT ROWID;

CREATE TABLE question_states (
  topic INTEGER NOT NULL REFERENCES topics,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'withdrawn', 'closed')),
  -- Who still has to answer, of an open question of a regulated topic.
  asked TEXT CHECK (json_type(asked) = 'array'),
  -- The newest entry that says so.
  entry INTEGER NOT NULL,
  PRIMARY KEY (topic, seq),
  FOREIGN KEY (topic, seq) REFERENCES entries,
  FOREIGN KEY (topic, entry) REFERENCES entries
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed_answers (
  topic INTEGER NOT NULL REFERENCES topics,
  seq INTEGER NOT NULL,
  -- Who may not read it until it is revealed.
  reader TEXT NOT NULL,
  -- The answer itself, which this one may be a correction of.
  since INTEGER NOT NULL,
  -- The entry that reveals it; NULL while it is sealed.
  revealed INTEGER,
  PRIMARY KEY (topic, seq),
  FOREIGN KEY (topic, seq) REFERENCES entries,
  FOREIGN KEY (topic, since) REFERENCES entries,
  FOREIGN KEY (topic, revealed) REFERENCES entries
) STRICT, WITHOUT ROWID;

-- What is open or sealed now is found at once, however long the topic is; so are deliveries among many messages.
CREATE INDEX question_states_by_state ON question_states (topic, state, seq);
CREATE INDEX sealed_answers_now ON sealed_answers (topic, seq) WHERE revealed IS NULL;
CREATE INDEX pseudonyms_by_person ON pseudonyms (person, topic);
CREATE INDEX entries_deliveries ON entries (topic, seq) WHERE kind = 'delivery';

-- A question on record is open until somebody has answered it: no topic is regulated yet.
INSERT INTO question_states (topic, seq, state, asked, entry)
SELECT topic, seq, 'open', NULL, seq FROM entries WHERE kind = 'question';
UPDATE question_states SET state = 'answered', entry = answers.first
FROM (SELECT topic, re, min(seq) AS first FROM entries WHERE kind = 'answer' AND seq > re GROUP BY topic, re) AS answers
WHERE answers.topic = question_states.topic AND answers.re = question_states.seq;

-- What no entry on record says cannot be written; nor what an older one has said.
CREATE TRIGGER memberships_insert BEFORE INSERT ON memberships BEGIN
  SELECT RAISE(ABORT, 'a member is added once')
  WHERE EXISTS (SELECT 1 FROM memberships WHERE topic = NEW.topic AND pseudonym = NEW.pseudonym);
  SELECT RAISE(ABORT, 'roles are what a membership on record says')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries JOIN contents USING (topic, seq)
    WHERE topic = NEW.topic AND seq = NEW.entry AND kind = 'membership'
      AND leaf ->> '$.to[0]' = NEW.pseudonym AND content ->> '$.text' = NEW.roles
  );
END;
CREATE TRIGGER memberships_update BEFORE UPDATE ON memberships BEGIN
  SELECT RAISE(ABORT, 'a member is never changed')
  WHERE NEW.topic IS NOT OLD.topic OR NEW.pseudonym IS NOT OLD.pseudonym OR NEW.entry <= OLD.entry;
  SELECT RAISE(ABORT, 'roles are what a membership on record says')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries JOIN contents USING (topic, seq)
    WHERE topic = NEW.topic AND seq = NEW.entry AND kind = 'membership'
      AND leaf ->> '$.to[0]' = NEW.pseudonym AND content ->> '$.text' = NEW.roles
  );
END;
CREATE TRIGGER memberships_delete BEFORE DELETE ON memberships BEGIN
  SELECT RAISE(ABORT, 'members are never removed');
END;

CREATE TRIGGER question_states_insert BEFORE INSERT ON question_states BEGIN
  SELECT RAISE(ABORT, 'a question is added once')
  WHERE EXISTS (SELECT 1 FROM question_states WHERE topic = NEW.topic AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'a question begins as its entry on record says')
  WHERE NEW.state <> 'open' OR NEW.entry <> NEW.seq OR NOT EXISTS (
    SELECT 1 FROM entries
    WHERE topic = NEW.topic AND seq = NEW.seq AND kind = 'question' AND leaf -> '$.asked' IS NEW.asked
  );
END;
CREATE TRIGGER question_states_update BEFORE UPDATE ON question_states BEGIN
  SELECT RAISE(ABORT, 'a question is never changed')
  WHERE NEW.topic IS NOT OLD.topic OR NEW.seq IS NOT OLD.seq OR NEW.entry <= OLD.entry;
  SELECT RAISE(ABORT, 'a question that is not open stays as it is') WHERE OLD.state <> 'open';
  SELECT RAISE(ABORT, 'what became of a question is what an entry on record says')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries
    WHERE topic = NEW.topic AND seq = NEW.entry AND re = NEW.seq AND CASE kind
      WHEN 'withdrawal' THEN NEW.state = 'withdrawn' AND NEW.asked IS NULL
      WHEN 'closing' THEN NEW.state = 'closed' AND NEW.asked IS NULL
      WHEN 'answer' THEN NEW.state = iif(NEW.asked IS NULL, 'answered', 'open') AND NEW.asked IS (
        SELECT nullif(json_group_array(value), '[]') FROM json_each(OLD.asked) WHERE value <> author
      )
    END
  );
END;
CREATE TRIGGER question_states_delete BEFORE DELETE ON question_states BEGIN
  SELECT RAISE(ABORT, 'questions are never removed');
END;

CREATE TRIGGER sealed_answers_insert BEFORE INSERT ON sealed_answers BEGIN
  SELECT RAISE(ABORT, 'an answer is sealed once')
  WHERE EXISTS (SELECT 1 FROM sealed_answers WHERE topic = NEW.topic AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'a sealed answer is one on record, of a regulated topic')
  WHERE NEW.revealed IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM entries JOIN topics USING (topic)
    WHERE topic = NEW.topic AND seq = NEW.seq AND regulated = 1 AND CASE kind
      WHEN 'answer' THEN NEW.since = NEW.seq AND NEW.reader = coalesce(leaf ->> '$.to[0]', '')
      WHEN 'correction' THEN EXISTS (
        SELECT 1 FROM sealed_answers AS corrected
        WHERE corrected.topic = NEW.topic AND corrected.seq = entries.re
          AND corrected.reader = NEW.reader AND corrected.since = NEW.since AND corrected.revealed IS NULL
      )
    END
  );
END;
CREATE TRIGGER sealed_answers_update BEFORE UPDATE ON sealed_answers BEGIN
  SELECT RAISE(ABORT, 'a sealed answer is never changed but by its reveal')
  WHERE NEW.topic IS NOT OLD.topic OR NEW.seq IS NOT OLD.seq OR NEW.reader IS NOT OLD.reader
    OR NEW.since IS NOT OLD.since OR OLD.revealed IS NOT NULL OR NEW.revealed IS NULL;
  SELECT RAISE(ABORT, 'an answer is revealed by an entry on record')
  WHERE NOT EXISTS (
    SELECT 1 FROM entries WHERE topic = NEW.topic AND seq = NEW.revealed AND kind = 'reveal' AND re = NEW.seq
  );
END;
CREATE TRIGGER sealed_answers_delete BEFORE DELETE ON sealed_answers BEGIN
  SELECT RAISE(ABORT, 'sealed answers are never removed');
END;

-- Whatever people write can be erased, and nothing else: not who belongs to a topic, nor what the operator did.
DROP TRIGGER contents_delete;
CREATE TRIGGER contents_delete BEFORE DELETE ON contents BEGIN
  SELECT RAISE(ABORT, 'content is only removed by an erasure on record')
  WHERE NOT EXISTS (SELECT 1 FROM entries WHERE topic = OLD.topic AND kind = 'erasure' AND re = OLD.seq)
    OR EXISTS (
      SELECT 1 FROM entries WHERE topic = OLD.topic AND seq = OLD.seq
        AND kind NOT IN ('question', 'answer', 'note', 'correction', 'withdrawal', 'closing', 'reveal')
    );
END;

-- For people with a SQL prompt.
DROP VIEW messages;
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
WHERE entries.kind NOT IN ('delivery', 'membership')
ORDER BY topics.topic, entries.seq;

DROP VIEW topic_summaries;
CREATE VIEW topic_summaries AS
SELECT
  topics.title,
  count(entries.seq) AS messages,
  strftime('%Y-%m-%dT%H:%M:%fZ', min(entries.at) / 1000.0, 'unixepoch') AS first,
  strftime('%Y-%m-%dT%H:%M:%fZ', max(entries.at) / 1000.0, 'unixepoch') AS last
FROM topics
LEFT JOIN entries ON entries.topic = topics.topic AND entries.kind NOT IN ('delivery', 'membership')
GROUP BY topics.topic
ORDER BY topics.topic;

CREATE VIEW members AS
SELECT
  topics.title AS topic,
  people.name AS member,
  memberships.roles,
  strftime('%Y-%m-%dT%H:%M:%fZ', entries.at / 1000.0, 'unixepoch') AS since
FROM topics
JOIN memberships USING (topic)
JOIN entries ON entries.topic = memberships.topic AND entries.seq = memberships.entry
LEFT JOIN pseudonyms ON pseudonyms.topic = memberships.topic AND pseudonyms.pseudonym = memberships.pseudonym
LEFT JOIN people ON people.id = pseudonyms.person
WHERE memberships.roles <> ''
ORDER BY topics.topic, people.name;

CREATE VIEW questions AS
SELECT
  topics.title AS topic,
  entries.seq,
  strftime('%Y-%m-%dT%H:%M:%fZ', entries.at / 1000.0, 'unixepoch') AS at,
  people.name AS author,
  question_states.state,
  coalesce(entries.leaf ->> '$.priority', 'normal') AS priority,
  strftime('%Y-%m-%dT%H:%M:%fZ', entries.leaf ->> '$.due' / 1000.0, 'unixepoch') AS due,
  (
    SELECT group_concat(waited.name, ', ')
    FROM json_each(question_states.asked) AS asked
    JOIN pseudonyms AS one ON one.topic = question_states.topic AND one.pseudonym = asked.value
    JOIN people AS waited ON waited.id = one.person
  ) AS waits_for,
  contents.content ->> '$.text' AS text
FROM topics
JOIN question_states USING (topic)
JOIN entries USING (topic, seq)
LEFT JOIN contents USING (topic, seq)
LEFT JOIN pseudonyms ON pseudonyms.topic = entries.topic AND pseudonyms.pseudonym = entries.author
LEFT JOIN people ON people.id = pseudonyms.person
ORDER BY topics.topic, entries.seq;
`;
