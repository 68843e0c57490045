-- What has not proved its second factor must not become a login.
delete from login_sessions where stage <> 'full';
alter table login_sessions drop column id, drop column stage, drop column factor, drop column factor_at, drop column user_agent,
  drop column ip, drop column last_seen_at, drop column challenge, drop column challenge_until, drop column renew;
