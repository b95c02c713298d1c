"""Who moved the money, and who stays: the bridge between two periods, cohorts, retention, and why customers leave."""
