-- Why: "from eight to five" and "by Friday" are said by the clock of whoever says them, in summer and in winter. Hours of a
-- campaign are of its zone; its deadline stays an instant.
alter table campaigns add column zone text not null default 'UTC';
