-- Why: a database that comes from a backup must not serve before what was revoked since has been revoked again. A backup
-- leaves the row of installation_state out, so a restored database lacks it from its first moment, and neither portal nor
-- keeper starts on it; the last step of the restore puts it back.
create table installation_state (
  only_row boolean primary key default true,
  -- Since when this database is the installation: first set up, or restored to the end.
  live_since timestamptz not null,
  constraint installation_state_only_row_check check (only_row)
);
insert into installation_state (live_since) values (now());

-- Restores of this database, with what each step found; a step's row is written with the step's changes, so that a killed
-- restore goes on where it was.
create table restores (
  id uuid primary key,
  -- The backup, and the instant of its snapshot; null when the database came by other hands.
  backup_id uuid,
  backup_taken_at timestamptz,
  began_at timestamptz not null,
  ended_at timestamptz
);
create table restore_steps (
  restore_id uuid not null references restores,
  step text not null,
  done_at timestamptz not null,
  found jsonb not null,
  primary key (restore_id, step)
);

grant select, insert on installation_state to portal_web;
grant select on installation_state to portal_keeper, portal_ops;
grant select, insert, update on restores to portal_web;
grant select on restores to portal_keeper;
grant select, insert on restore_steps to portal_web, portal_keeper;
