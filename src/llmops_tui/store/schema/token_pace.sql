-- Inter-token latency of streamed answers: the mean time between two pieces, in milliseconds.
ALTER TABLE answer ADD COLUMN between_tokens_ms REAL;
