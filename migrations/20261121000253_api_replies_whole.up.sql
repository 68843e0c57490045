-- Why: an answer that is given again is to be the whole one. A program that sends a call twice reads the version of what it
-- made (ETag) and where it lies (Location) from either answer. Empty: the answer had none.
alter table api_replies add column etag text not null default '', add column location text not null default '';
