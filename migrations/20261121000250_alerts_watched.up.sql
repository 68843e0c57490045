-- Why: monitoring asks every few seconds what each channel has not taken. Most messages were taken, and are kept for a year.
create index alert_deliveries_untaken_idx on alert_deliveries (channel_id) where state <> 'delivered';
