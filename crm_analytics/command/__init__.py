"""The `crm` command, a module for each stage of the loop; beside a notebook the one place where rooms meet."""
