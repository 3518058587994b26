-- Tools that an answer calls, so that stored answers can be scored again by them; and who judged:
-- model, hash of the judge's prompt and parameters as JSON, with what the judgement cost.
ALTER TABLE answer ADD COLUMN tool_calls TEXT NOT NULL DEFAULT '[]';
ALTER TABLE score ADD COLUMN judge TEXT NOT NULL DEFAULT '';
ALTER TABLE score ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
