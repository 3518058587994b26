-- What waits for a verdict is counted after each verdict and each news: these hold just that, so
-- that counting a hundred thousand calls reads none of them.
CREATE INDEX call_flagged_waiting ON call (project_id)
WHERE flagged > 0 AND review = '' AND status = 'ok'
      AND (output_head <> '' OR (flagged > 0 AND input_head <> ''));
CREATE INDEX call_audit_waiting ON call (project_id)
WHERE audit_probability IS NOT NULL AND review = '' AND status = 'ok'
      AND (output_head <> '' OR (flagged > 0 AND input_head <> ''));
