drop function hold_hand_out();
drop function stop_hand_out(uuid, uuid, timestamptz);
drop index data_keys_ends_with_idx;
alter table data_keys drop column ends_with;
