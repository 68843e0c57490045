-- Why: a provider of single sign-on may say that it asked for a second factor; then none of ours is asked for.
alter table login_sessions
  drop constraint login_sessions_factor_check,
  add constraint login_sessions_factor_check check (factor in ('passkey', 'totp', 'recovery', 'sign_on'));
