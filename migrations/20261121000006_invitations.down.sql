drop table flow_secrets, onboarding_flows, invitations;
drop function notify_flow();
