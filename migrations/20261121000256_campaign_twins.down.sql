drop function campaign_asked_elsewhere(uuid, uuid, timestamptz);
