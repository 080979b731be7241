"""E-mail: as MIME, as those see it who look into the outbox, and on its way to who receives it by a rule of SES."""
