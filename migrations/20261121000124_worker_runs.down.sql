drop table worker_runs;
