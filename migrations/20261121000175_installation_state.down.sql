drop table restore_steps, restores, installation_state;
