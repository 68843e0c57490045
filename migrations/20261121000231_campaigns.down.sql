drop function campaign_board(uuid, uuid);
alter table invitations drop column opened_at;
drop table campaign_tenants, campaigns;
