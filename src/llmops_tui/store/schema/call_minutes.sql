-- Stored calls counted by the minute in which they started: what windows of days are summed from,
-- however many calls lie in them. Kept right by the triggers below, whoever writes.
-- project_id 0: calls of no project. answered: as `calls.ANSWERED` has it.
CREATE TABLE call_minute (
    minute_at INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    flagged_answered INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (minute_at, project_id)
) STRICT, WITHOUT ROWID;

INSERT INTO call_minute
SELECT started_at - started_at % 60000, coalesce(project_id, 0), count(*), sum(answered),
       sum(flagged), sum(answered AND flagged), sum(error), sum(cost), sum(input_tokens),
       sum(output_tokens)
FROM (SELECT project_id, started_at, flagged > 0 AS flagged, status = 'error' AS error,
             status = 'ok' AND (output_head <> '' OR (flagged > 0 AND input_head <> ''))
                 AS answered,
             coalesce(cost, 0) AS cost, coalesce(input_tokens, 0) AS input_tokens,
             coalesce(output_tokens, 0) AS output_tokens
      FROM call)
GROUP BY 1, 2;

CREATE TRIGGER call_counted AFTER INSERT ON call BEGIN
    INSERT INTO call_minute VALUES (
        new.started_at - new.started_at % 60000, coalesce(new.project_id, 0), 1,
        new.status = 'ok'
            AND (new.output_head <> '' OR (new.flagged > 0 AND new.input_head <> '')),
        new.flagged > 0,
        new.flagged > 0 AND new.status = 'ok' AND (new.output_head <> '' OR new.input_head <> ''),
        new.status = 'error', coalesce(new.cost, 0), coalesce(new.input_tokens, 0),
        coalesce(new.output_tokens, 0))
    ON CONFLICT DO UPDATE SET
        calls = calls + 1, answered = answered + excluded.answered,
        flagged = flagged + excluded.flagged,
        flagged_answered = flagged_answered + excluded.flagged_answered,
        errors = errors + excluded.errors, cost = cost + excluded.cost,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens;
END;

CREATE TRIGGER call_uncounted AFTER DELETE ON call BEGIN
    UPDATE call_minute SET
        calls = calls - 1,
        answered = answered - (old.status = 'ok'
            AND (old.output_head <> '' OR (old.flagged > 0 AND old.input_head <> ''))),
        flagged = flagged - (old.flagged > 0),
        flagged_answered = flagged_answered - (old.flagged > 0 AND old.status = 'ok'
            AND (old.output_head <> '' OR old.input_head <> '')),
        errors = errors - (old.status = 'error'),
        cost = cost - coalesce(old.cost, 0),
        input_tokens = input_tokens - coalesce(old.input_tokens, 0),
        output_tokens = output_tokens - coalesce(old.output_tokens, 0)
    WHERE minute_at = old.started_at - old.started_at % 60000
          AND project_id = coalesce(old.project_id, 0);
    DELETE FROM call_minute
    WHERE minute_at = old.started_at - old.started_at % 60000
          AND project_id = coalesce(old.project_id, 0) AND calls = 0;
END;

CREATE TRIGGER call_counted_again
AFTER UPDATE OF project_id, started_at, status, flagged, input_head, output_head, cost,
                input_tokens, output_tokens ON call BEGIN
    UPDATE call_minute SET
        calls = calls - 1,
        answered = answered - (old.status = 'ok'
            AND (old.output_head <> '' OR (old.flagged > 0 AND old.input_head <> ''))),
        flagged = flagged - (old.flagged > 0),
        flagged_answered = flagged_answered - (old.flagged > 0 AND old.status = 'ok'
            AND (old.output_head <> '' OR old.input_head <> '')),
        errors = errors - (old.status = 'error'),
        cost = cost - coalesce(old.cost, 0),
        input_tokens = input_tokens - coalesce(old.input_tokens, 0),
        output_tokens = output_tokens - coalesce(old.output_tokens, 0)
    WHERE minute_at = old.started_at - old.started_at % 60000
          AND project_id = coalesce(old.project_id, 0);
    DELETE FROM call_minute
    WHERE minute_at = old.started_at - old.started_at % 60000
          AND project_id = coalesce(old.project_id, 0) AND calls = 0;
    INSERT INTO call_minute VALUES (
        new.started_at - new.started_at % 60000, coalesce(new.project_id, 0), 1,
        new.status = 'ok'
            AND (new.output_head <> '' OR (new.flagged > 0 AND new.input_head <> '')),
        new.flagged > 0,
        new.flagged > 0 AND new.status = 'ok' AND (new.output_head <> '' OR new.input_head <> ''),
        new.status = 'error', coalesce(new.cost, 0), coalesce(new.input_tokens, 0),
        coalesce(new.output_tokens, 0))
    ON CONFLICT DO UPDATE SET
        calls = calls + 1, answered = answered + excluded.answered,
        flagged = flagged + excluded.flagged,
        flagged_answered = flagged_answered + excluded.flagged_answered,
        errors = errors + excluded.errors, cost = cost + excluded.cost,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens;
END;

-- Windows are summed from minutes and from the calls that were judged; `call_figures` has the rest.
DROP INDEX call_started;
CREATE INDEX call_reviewed ON call (review, id) WHERE review <> '';
