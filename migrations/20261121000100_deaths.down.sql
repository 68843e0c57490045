drop index connections_ailing_idx;
drop trigger connections_death on connections;
drop function note_connection_death();
update connections set expires_at = null, expires_reason = null where expires_reason in ('rhythm', 'policy');
alter table connections
  drop constraint connections_died_check,
  drop constraint connections_expires_reason_check,
  add constraint connections_expires_reason_check
    check (expires_reason in ('idle', 'sign_in_frequency', 'federated', 'credential')),
  drop column policy_ends_at,
  drop column rhythm_s,
  drop column died_cause,
  drop column died_code,
  drop column died_at;
