-- Why: who came in on the word of a provider proves there again who they are before a dangerous act; what comes back then
-- must not tie an account, and the other way round.
alter table sign_on_trips
  add column again boolean not null default false,
  add constraint sign_on_trips_again_check check (not again or technician_id is not null);
