drop function api_key_of(text);
drop policy web on api_keys;
drop policy keeper on api_keys;
drop policy owner on api_keys;
alter table api_keys disable row level security, no force row level security;
drop policy web on api_key_uses;
drop policy keeper on api_key_uses;
drop policy owner on api_key_uses;
alter table api_key_uses disable row level security, no force row level security;
