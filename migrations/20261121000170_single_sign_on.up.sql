-- Why: a technician may come in on the word of an OpenID provider. Who it is for the provider is kept apart from the
-- technician: the pair of issuer and subject, never an e-mail address, and at most one such pair for each.
create table technician_sign_ons (
  technician_id uuid primary key references technicians on delete cascade,
  issuer text not null,
  -- `sub`; of Microsoft Entra the object id.
  subject text not null,
  linked_at timestamptz not null,
  last_used_at timestamptz,
  constraint technician_sign_ons_identity_key unique (issuer, subject),
  constraint technician_sign_ons_issuer_check check (char_length(issuer) between 1 and 500),
  constraint technician_sign_ons_subject_check check (char_length(subject) between 1 and 255)
);

-- A browser that is away at the provider. The row is deleted when it comes back, so that an answer works once; ten minutes
-- later nobody may come back.
create table sign_on_trips (
  -- SHA-256 of the state.
  state_hash bytea primary key,
  -- SHA-256 of the secret in the login session of the browser that left.
  browser_hash bytea not null,
  nonce text not null,
  -- PKCE; worth nothing without the code and, where there is one, the client's secret.
  verifier text not null,
  -- Where the sign-on leads, as it was asked for; checked when it is used.
  next text not null,
  -- SHA-256 of the one-time link that this sign-on is to use up; null for a plain sign-on.
  link_hash bytea,
  -- Who links their own login while signed in; null otherwise.
  technician_id uuid references technicians on delete cascade,
  begun_at timestamptz not null,
  expires_at timestamptz not null,
  constraint sign_on_trips_purpose_check check (link_hash is null or technician_id is null)
);
create index sign_on_trips_browser_hash_idx on sign_on_trips (browser_hash);
create index sign_on_trips_expires_at_idx on sign_on_trips (expires_at);
create index sign_on_trips_technician_id_idx on sign_on_trips (technician_id);

-- How sign-ons and emergency logins ended, since the first ever: for monitoring, past the audit log's retention.
create table sign_on_totals (
  way text not null,
  result text not null,
  total bigint not null,
  primary key (way, result),
  constraint sign_on_totals_way_check check (way in ('sso', 'break_glass')),
  constraint sign_on_totals_result_check check (result in ('done', 'denied', 'failed'))
);

-- There from the beginning, so that the first emergency is a rise and not a new series.
insert into sign_on_totals (way, result, total) values ('sso', 'done', 0), ('break_glass', 'done', 0);

grant select, insert, update, delete on technician_sign_ons, sign_on_trips to portal_web;
grant select, insert, update on sign_on_totals to portal_web;
grant select on technician_sign_ons, sign_on_trips, sign_on_totals to portal_backup;
