delete from login_sessions where factor = 'sign_on';
alter table login_sessions
  drop constraint login_sessions_factor_check,
  add constraint login_sessions_factor_check check (factor in ('passkey', 'totp', 'recovery'));
