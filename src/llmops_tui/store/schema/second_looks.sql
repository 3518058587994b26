-- Calls that a second person judges without knowing what the first said ('second'), and calls on
-- which two differ, which a third decides ('resolve'). `why` says how a call came here: drawn as
-- one of a 'share', a 'wrong' of the audit, or a 'dispute' that nobody had drawn.
CREATE TABLE second_look (
    call_id INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
    stage TEXT NOT NULL CHECK (stage IN ('second', 'resolve', 'done')),
    why TEXT NOT NULL CHECK (why IN ('share', 'wrong', 'dispute')),
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX second_look_open ON second_look (stage, call_id) WHERE stage <> 'done';

-- What a verdict was asked for: '' the first on a call, 'second', or 'resolve'.
ALTER TABLE review ADD COLUMN asked_as TEXT NOT NULL DEFAULT '';

-- Where two differ already, a third is asked.
INSERT INTO second_look (call_id, stage, why, asked_at)
SELECT call_id, 'resolve', 'dispute', max(reviewed_at)
FROM (SELECT call_id, verdict, reviewed_at, max(id) FROM review
      WHERE undone_at IS NULL AND verdict IN ('right', 'wrong')
      GROUP BY call_id, reviewer)
GROUP BY call_id HAVING count(*) = 2 AND count(DISTINCT verdict) = 2;
UPDATE call SET review = 'wrong' WHERE id IN (SELECT call_id FROM second_look);
