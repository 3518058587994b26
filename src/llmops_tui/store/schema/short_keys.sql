-- Ids of traces and responses are random: each call that is stored touches another page of an index
-- over them. Their last six characters tell nearly as much in a third of the room, so the pages are
-- fewer, and half as much is written for each call.
DROP INDEX call_trace;
CREATE INDEX call_trace ON call (substr(trace_id, -6)) WHERE trace_id <> '';
DROP INDEX call_response;
CREATE INDEX call_response ON call (substr(response_id, -6)) WHERE response_id <> '';
