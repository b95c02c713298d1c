"""Groups of customers by rule: who is in which and why, whether they hold, and which traits are worth one."""
