-- Why: how regularly authorisations of a tenant die tells why they die. A replaced grant becomes history ('revoked') and
-- would forget its death, so the death is noted when it happens; and what follows for the next grant stands beside it.
alter table connections
  -- When the keeper gave it up, with the error that decided; null while it lives, also after it came back to life.
  add column died_at timestamptz,
  add column died_code integer,
  add column died_cause text,
  -- The length of life that earlier grants of this tenant had again and again, seconds; null when there is no rhythm.
  add column rhythm_s integer,
  -- From here on a policy that the tenant has announced ends it.
  add column policy_ends_at timestamptz,
  drop constraint connections_expires_reason_check,
  add constraint connections_expires_reason_check
    check (expires_reason in ('idle', 'sign_in_frequency', 'federated', 'credential', 'rhythm', 'policy')),
  add constraint connections_died_check check (died_at is not null or (died_code is null and died_cause is null));

create function note_connection_death() returns trigger language plpgsql as $$
begin
  if new.state = 'needs_consent' then
    new.died_at := new.state_since;
    new.died_code := new.last_error_code;
    new.died_cause := new.cause;
  elsif new.state in ('active', 'suspect') then
    new.died_at := null;
    new.died_code := null;
    new.died_cause := null;
  end if;
  return new;
end
$$;
-- A state seldom changes: a refresh that works does not pass here.
create trigger connections_death before update on connections for each row
  when (old.state is distinct from new.state) execute function note_connection_death();
-- The dead of before; when exactly they died is only known of those not replaced yet.
update connections set died_at = state_since, died_code = last_error_code, died_cause = cause where state = 'needs_consent';

-- The keeper looks every few seconds for those in trouble of which it has asked nothing yet.
create index connections_ailing_idx on connections (tenant_id) where state in ('suspect', 'needs_consent');
