revoke select (certificate) on app_credentials from portal_web;
revoke delete on app_credentials from portal_keeper;
drop index app_credentials_next_trial_idx;
delete from app_credentials where state = 'candidate';
update app_credentials set state = 'retired' where state = 'refused';
alter table app_credentials
  drop column next_trial_at,
  drop column trials,
  drop column refused_text,
  drop column refused_why,
  drop column refused_code,
  drop column refused_at,
  drop column worked_at,
  drop column tried_at,
  drop column state_since,
  drop column created_by,
  drop constraint app_credentials_state_check,
  add constraint app_credentials_state_check check (state in ('active', 'retired'));
